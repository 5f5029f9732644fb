"""What clients notice of restarts, idle exits, crashes, cold starts and overload; each request is sent once."""
import asyncio
import collections
import concurrent.futures
import http.client
import json
import os
import random
import threading
import time
import unittest
import uuid

MACHINE = None
SECONDS = float(os.environ.get('SECONDS', '60'))
CLIENTS = 32
# the time limits are for a quiet machine with two cores; this factor is for slower ones
SLOWER = float(os.environ.get('SLOWER', '1'))
# a request for each handler, and the response if all is well: method, path, body, status
CALM = {}


def setUpModule():
    """Chooses a request for each handler: one whose response comes from the database, if it has such a request."""
    root = MACHINE.root
    made = {}
    for name, path, body in (
        ('task', 'tasks', {'title': 'Oil the lathe'}),
        ('equipment', 'equipment', {'name': 'Lathe', 'category': 'Lathe', 'serial_number': 'L-1'}),
    ):
        answer = root.post('/api/v1/' + path, body)
        assert answer.status == 201, answer
        made[name] = answer.json['id']
    answer = root.request(
        'POST',
        '/api/v1/documents?file_name=note.txt&title=Note',
        raw=b'Oil: shelf 12',
        headers={'Content-Type': 'text/plain'},
    )
    assert answer.status == 201, answer
    task, item, user = (
        f'/api/v1/tasks/{made["task"]}',
        f'/api/v1/equipment/{made["equipment"]}',
        f'/api/v1/users/{root.id}',
    )
    CALM.update(
        {
            handler: ('GET', path, None, 200)
            for handler, path in {
                'audit': '/api/v1/audit?page_size=1',
                'auth_sessions': '/api/v1/auth/sessions',
                'auth_tokens': '/api/v1/auth/tokens',
                'documents': '/api/v1/documents',
                'equipment': item,
                'equipment_life': item + '/life',
                'equipment_readings': item + '/readings',
                'health': '/api/v1/health',
                'maintenance': '/api/v1/maintenance',
                'me': '/api/v1/me',
                'messages': '/api/v1/messages',
                'permissions': '/api/v1/permissions',
                'profiles': user + '/profile',
                'reports': '/api/v1/reports',
                'roles': '/api/v1/roles',
                'schedules': '/api/v1/schedules',
                'statistics': '/api/v1/statistics/equipment',
                'task_history': task + '/history',
                'tasks': '/api/v1/tasks?page_size=5',
                'tasks_completed': '/api/v1/tasks/completed',
                'user_roles': user + '/roles',
                'users': '/api/v1/users',
            }.items()
        }
    )
    # these have nothing to read, or what they do cannot be repeated: an error is a response as well
    CALM.update(
        {
            handler: ('POST', '/api/v1/auth/' + path, {}, 400)
            for handler, path in {
                'auth_login': 'login',
                'auth_password': 'password',
                'auth_refresh': 'refresh',
                'auth_register': 'register',
            }.items()
        }
    )
    CALM.update(
        {
            handler: ('GET', path, None, 405)
            for handler, path in {
                'auth_logout': '/api/v1/auth/logout',
                'profile_picture': user + '/profile/picture',
                'task_status': task + '/status',
                'task_claim': task + '/claim',
            }.items()
        }
    )
    # a URL without its signature: a signature expires before these tests end
    CALM['media'] = ('GET', answer.json['url'].split('localhost', 1)[1].split('?')[0], None, 403)
    strange = set(MACHINE.handlers()) - CALM.keys() - {'metrics'}
    assert not strange, f'load.py knows no request for {strange}'
    with Caller() as caller:
        for handler in CALM:
            outcome = caller.calm(handler)
            assert outcome == CALM[handler][3], (handler, outcome)


class Caller:
    """A client that keeps its connection and sends each request once. Without a response the status is 0."""

    def __init__(self):
        self.connection, self.asked = None, 0

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.close()

    def close(self):
        """Closes the connection; the next request opens a new one."""
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method, path, body=None, headers=None):
        """Returns status, headers (lower-case names) and body; without a response, status 0 and the error."""
        self.asked += 1
        if self.connection and self.asked % 500 == 0:  # long before nginx would close the connection
            self.connection.close()
            self.connection = None
        if self.connection is None:
            self.connection = http.client.HTTPConnection('127.0.0.1', 80, timeout=60)
        headers = {'Host': 'localhost', 'Authorization': 'Token ' + MACHINE.root.token, **(headers or {})}
        if body is not None:
            body = json.dumps(body)
            headers['Content-Type'] = 'application/json'
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            return 0, {}, repr(fault).encode()

    def calm(self, handler):
        """Sends the request of CALM to a handler. Returns the status, if it is the expected one, else the response."""
        method, path, body, expected = CALM[handler]
        status, headers, said = self.ask(method, path, body)
        return status if status == expected else (status, said[:300])


class Crowd:
    """Threads that repeat an action until the crowd ends: each calls one(caller, number of the thread)."""

    def __init__(self, count, one):
        self.over, self.faults = threading.Event(), []
        self.threads = [threading.Thread(target=self.work, args=(one, number)) for number in range(count)]

    def work(self, one, number):
        with Caller() as caller:
            try:
                while not self.over.is_set():
                    one(caller, number)
            except Exception as fault:
                self.faults.append(fault)
                self.over.set()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *fault):
        self.over.set()
        for thread in self.threads:
            thread.join(90)
        if self.faults:
            raise self.faults[0]


class Pace:
    """Measures how many times slower this machine was because its host used the processors for others: .slower.

    This time of a virtual machine is counted as steal (proc(5)); it is not the fault of Fettle. On a machine that
    shares nothing, .slower is 1.
    """

    @staticmethod
    def spent():
        with open('/proc/stat') as file:
            user, nice, system, _, _, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
        return user + nice + system + interrupts + soft, stolen

    def __enter__(self):
        self.used, self.stolen = self.spent()
        return self

    def __exit__(self, *fault):
        used, stolen = self.spent()
        self.slower = 1 + (stolen - self.stolen) / max(1, used - self.used)
        if self.slower > 1.05:
            say(
                f'the host of this machine used some of its processor time: time limits are multiplied by '
                f'{self.slower:.2f}'
            )


def share(values, part):
    """The value below which this share of the values lies (a quantile)."""
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))]


def spread(seconds):
    """p50, p95, p99 and the longest, in ms."""
    return (
        ', '.join(
            f'{name} {share(seconds, part) * 1000:.0f}'
            for name, part in (('p50', 0.5), ('p95', 0.95), ('p99', 0.99), ('longest', 1))
        )
        + ' ms'
    )


def say(text):
    print('   ' + text, flush=True)


class Restarts(unittest.TestCase):
    def test_a_restart_of_every_handler_in_turn_loses_nothing(self):
        names, answers, took, restarted = sorted(CALM), collections.Counter(), [], 0
        current = [names[0]]

        def one(caller, number):
            # half of the clients ask the handler that is being restarted, so that it always has requests
            handler = current[0] if number % 2 else random.choice(names)
            began = time.monotonic()
            answers[handler, caller.calm(handler)] += 1
            took.append(time.monotonic() - began)

        with Crowd(CLIENTS, one):
            end = time.monotonic() + SECONDS
            while time.monotonic() < end or restarted < len(names):
                current[0] = names[restarted % len(names)]
                time.sleep(0.1)
                MACHINE.run(f'systemctl restart fettle@{current[0]}.service')
                restarted += 1
                time.sleep(max(0, min(SECONDS / len(names), 2) - 0.2))
        lost = {key: count for key, count in answers.items() if key[1] != CALM[key[0]][3]}
        say(
            f'{restarted} restarts under {CLIENTS} clients: {sum(answers.values())} answers, {sum(lost.values())} '
            f'lost; {spread(took)}'
        )
        self.assertEqual(lost, {})
        self.assertEqual({name for name, _ in answers}, set(names))


class IdleExits(unittest.TestCase):
    def starts(self):
        """The number of starts of handlers since the boot, from the journal."""
        return int(MACHINE.run("journalctl -o cat --no-pager _PID=1 | grep -c '^Started fettle@' || :"))

    def test_requests_that_come_while_idle_handlers_exit_are_answered(self):
        rounds, answers = max(1, int(SECONDS // 31)), collections.Counter()
        before = self.starts()

        def one(handler):
            for i in range(rounds + 1):
                with Caller() as caller:  # nginx would close an idle connection before the next request
                    answers[handler, caller.calm(handler)] += 1
                # the handler exits 30 s after the last request, and checks that once a second
                time.sleep(30 + random.uniform(-0.1, 1.2) if i < rounds else 0)

        threads = [threading.Thread(target=one, args=(handler,)) for handler in CALM]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = {key: count for key, count in answers.items() if key[1] != CALM[key[0]][3]}
        starts = self.starts() - before
        say(
            f'{sum(answers.values())} requests about 30 s apart, {starts} starts of handlers: {sum(lost.values())} lost'
        )
        self.assertEqual(lost, {})
        self.assertGreater(starts, 0, 'no handler exited')

    def test_requests_that_come_at_the_moment_of_an_exit_are_answered(self):
        # an idle exit and SIGTERM end the loop of a handler in the same way; the time of SIGTERM can be chosen
        answers, races, end = collections.Counter(), 0, time.monotonic() + SECONDS

        def one(handler):
            time.sleep(random.uniform(0, 0.006))
            with Caller() as caller:
                return handler, caller.calm(handler)

        with concurrent.futures.ThreadPoolExecutor(4) as pool, MACHINE.shell() as shell:
            while time.monotonic() < end or races < len(CALM):
                for handler in CALM:
                    answers[one(handler)] += 1
                for handler, pid in MACHINE.pids().items():
                    if handler not in CALM:
                        continue
                    asked = [pool.submit(one, handler) for _ in range(4)]
                    time.sleep(random.uniform(0, 0.006))
                    shell.stdin.write(f'kill {pid}\n')
                    for answer in asked:
                        answers[answer.result()] += 1
                    races += 1
        lost = {key: count for key, count in answers.items() if key[1] != CALM[key[0]][3]}
        say(f'{races} exits raced by 4 clients each: {sum(answers.values())} answers, {sum(lost.values())} lost')
        self.assertEqual(lost, {})


class Crashes(unittest.TestCase):
    """The handler tasks is killed again and again, each time after it has become healthy."""

    def setUp(self):
        self.mark, self.outcomes, self.faults, self.kept = uuid.uuid4().hex[:8], collections.Counter(), [], set()

    def expect(self, method, answer, *statuses):
        """Records a response. True if it has one of these statuses. A 5xx of POST and PATCH must allow a retry."""
        status, headers, said = answer
        self.outcomes[method, status] += 1
        if status in statuses:
            return True
        problem = json.loads(said) if headers.get('content-type') == 'application/problem+json' else {}
        if method not in ('POST', 'POST with a key', 'PATCH') or (status, problem.get('code')) not in (
            (502, 'bad_gateway'),
            (503, 'unavailable'),
        ):
            self.faults.append((method, answer))
        elif status == 503 and int(headers.get('retry-after', 0)) < 1:
            self.faults.append((method, answer))
        return False

    def repeat(self, method, caller, *request, status):
        """Sends a request until it succeeds, as a client does after 503."""
        for _ in range(40):
            answer = caller.ask(*request)
            if self.expect(method, answer, status):
                return json.loads(answer[2])
            if answer[0] not in (502, 503):
                break
            time.sleep(0.25)
        raise AssertionError(f'expected {status} for {method} in the end, got {answer}')

    def one(self, caller, number):
        title = f'{self.mark}-{uuid.uuid4()}'
        task = self.repeat(
            'POST with a key', caller, 'POST', '/api/v1/tasks', {'title': title}, {'Idempotency-Key': title}, status=201
        )
        self.kept.add(title)
        path = f'/api/v1/tasks/{task["id"]}'
        read = caller.ask('GET', path)
        self.expect('GET', read, 200)
        # a change without a response may have been made: then the second try finds another version
        self.expect(
            'PUT with If-Match',
            caller.ask('PUT', path, {'title': title, 'description': 'put'}, {'If-Match': read[1].get('etag', '"0"')}),
            200,
            412,
        )
        self.expect('PUT', caller.ask('PUT', path, {'title': title, 'description': 'again'}), 200)
        self.repeat('PATCH', caller, 'PATCH', path, {'description': 'patched'}, status=200)
        other = self.repeat('POST', caller, 'POST', '/api/v1/tasks', {'title': 'another of ' + self.mark}, status=201)
        self.expect('DELETE', caller.ask('DELETE', f'/api/v1/tasks/{other["id"]}'), 204, 404)

    def test_after_a_kill_only_requests_that_cannot_be_repeated_fail_with_502_or_503(self):
        kills, end = 0, time.monotonic() + SECONDS / 2
        with Crowd(CLIENTS // 2, self.one) as crowd, Caller() as caller:
            while time.monotonic() < end and not crowd.over.is_set():
                MACHINE.run('systemctl kill -s KILL fettle@tasks.service')
                kills += 1
                self.expect('GET', caller.ask('GET', '/api/v1/tasks?page_size=1'), 200)
                time.sleep(random.uniform(0.5, 0.8))
        say(
            f'{kills} kills: '
            + ', '.join(f'{method} {status}: {count}' for (method, status), count in sorted(self.outcomes.items()))
        )
        self.assertEqual(self.faults, [])
        stored = collections.Counter(
            row[0] for row in MACHINE.psql(f"select title from tasks where title like '{self.mark}-%'")
        )
        self.assertEqual(self.kept - stored.keys(), set(), 'acknowledged, but not stored')
        self.assertEqual([title for title, count in stored.items() if count > 1], [], 'several tasks for one key')
        refused = sum(count for (method, status), count in self.outcomes.items() if status in (502, 503))
        self.assertGreater(refused, 0, 'no request was running when the handler was killed: nothing was tested')


class Starts(unittest.TestCase):
    def test_a_cold_start_is_fast(self):
        took = []
        with Caller() as caller, Pace() as pace:
            for i in range(6 * max(2, min(5, round(SECONDS / 12)))):  # 30 in the long form, 12 in the short one
                handler = ('tasks', 'me', 'equipment', 'users', 'messages', 'maintenance')[i % 6]
                MACHINE.run(f'systemctl stop fettle@{handler}.service')
                self.assertEqual(caller.ask('GET', '/docs/')[0] in (200, 404), True)  # opens the connection
                time.sleep(0.2)
                began = time.monotonic()
                self.assertEqual(caller.calm(handler), 200)
                took.append(time.monotonic() - began)
        say(f'{len(took)} cold starts: {spread(took)} (limit: p50 120 ms)')
        self.assertLess(share(took, 0.5), 0.120 * SLOWER * pace.slower)

    def test_all_idle_handlers_together_need_little_memory_and_then_exit(self):
        # after an upload, the handler documents keeps the database of libmagic until it exits: restart all
        MACHINE.run("systemctl stop 'fettle@*.service'")
        with Caller() as caller:
            for handler in list(CALM) * 3:
                self.assertEqual(caller.calm(handler), CALM[handler][3])
        time.sleep(5)  # an idle handler returns memory to the system after a second or two
        pids = MACHINE.pids()
        self.assertEqual(CALM.keys() - pids.keys(), set())
        size = {
            handler: int(MACHINE.run(f"awk '/^Pss:/ {{ print $2 }}' /proc/{pid}/smaps_rollup"))
            for handler, pid in pids.items()
        }
        total, largest = sum(size.values()) * 1024 / 1e6, max(size, key=size.get)
        say(
            f'{len(size)} idle handlers: {total:.1f} MB of PSS, the largest {largest} with '
            f'{size[largest] * 1024 / 1e6:.1f} MB; '
            f'30 of them {30 * total / len(size):.1f} MB (limit: 60 MB)'
        )
        self.assertLess(30 * total / len(size), 60)
        end = time.monotonic() + 45
        while (left := MACHINE.pids()) and time.monotonic() < end:
            time.sleep(0.5)
        self.assertEqual(left, {}, 'these idle handlers did not exit')


class Overload(unittest.TestCase):
    async def ask(self, answers, path='/api/v1/statistics/tasks'):
        """Sends one request on a new connection; appends status, seconds and whether it had Retry-After to answers."""
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', 80)
            writer.write(
                f'GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
                f'Authorization: Token {MACHINE.root.token}\r\n\r\n'.encode()
            )
            said = await asyncio.wait_for(reader.read(), 70)
            writer.close()
            status, again = int(said.split(b' ', 2)[1]), b'\r\nretry-after: ' in said.lower()
        except (OSError, asyncio.TimeoutError, IndexError, ValueError) as fault:
            status, again = repr(fault), False
        answers.append((status, time.monotonic() - began, again))

    async def closed(self, clients, seconds):
        """Runs clients that wait for a response before the next request. Returns all answers."""
        answers, end = [], time.monotonic() + seconds

        async def one():
            while time.monotonic() < end:
                await self.ask(answers)
        await asyncio.gather(*(one() for _ in range(clients)))
        return answers

    async def open(self, rate, seconds):
        """Sends so many requests a second without waiting. Returns all answers, and the seconds until the last one."""
        answers, tasks, began = [], set(), time.monotonic()
        for i in range(int(rate * seconds)):
            await asyncio.sleep(max(0, began + i / rate - time.monotonic()))
            task = asyncio.ensure_future(self.ask(answers))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        return answers, time.monotonic() - began

    async def at_once(self, count, path):
        answers = []
        await asyncio.gather(*(self.ask(answers, path) for _ in range(count)))
        return answers

    def calm(self, seconds):
        """Returns the requests a second of eight clients, and how long each request took."""
        answers = asyncio.run(self.closed(8, seconds))
        self.assertEqual({status for status, _, _ in answers}, {200})
        return len(answers) / seconds, [took for _, took, _ in answers]

    def test_at_five_times_its_capacity_a_part_is_served_and_the_rest_is_refused_at_once(self):
        MACHINE.psql(
            """set session_replication_role = replica;
            insert into tasks (title, due_date, priority_level, status, completed_at, author, "user", created_at)
            select 'Task ' || i, date '2030-01-01' + i % 700, (array['Low', 'Medium', 'High', 'Critical'])[1 + i % 4],
                   case when i % 2 = 0 then 'Complete' else 'Pending' end,
                   case when i % 2 = 0 then now() - i % 1000 * interval '1 hour' end, u.id, u.id, now()
              from generate_series(1, 20000) i, users u where u.username = 'root';
            vacuum analyze tasks; checkpoint""",
            user='postgres',
        )
        queue = int(MACHINE.run('systemctl show -P Backlog fettle@statistics.socket')) + 1
        calm_seconds = max(2, min(5, SECONDS / 8))
        self.calm(1)
        capacity, waited = self.calm(calm_seconds)
        say(f'capacity: {capacity:.0f} requests/s with 8 clients; {spread(waited)}')
        with Pace() as pace:
            answers, seconds = asyncio.run(self.open(5 * capacity, SECONDS / 2))
        statuses = collections.Counter(status for status, _, _ in answers)
        served, refused = [took for status, took, _ in answers if status == 200], [
            took for status, took, _ in answers if status == 503
        ]
        say(
            f'5 x capacity for {seconds:.0f} s: {dict(statuses)}; served {len(served) / seconds:.0f}/s: '
            f'{spread(served)}'
        )
        say(f'refused: {spread(refused)}; {sum(took > 0.05 for took in refused)} of {len(refused)} later than 50 ms')
        with Pace() as pace_after:
            after, waited_after = self.calm(calm_seconds)
        say(f'afterwards: {after:.0f} requests/s; {spread(waited_after)}')
        self.assertEqual(statuses.keys(), {200, 503})
        self.assertEqual([answer for answer in answers if answer[0] == 503 and not answer[2]], [], 'no Retry-After')
        # a request that is served waited at most for a full queue and for the requests of four workers
        bound = (queue + 4) / (len(served) / seconds)
        say(f'bound of the wait: {queue} in the queue and 4 in work are {bound * 1000:.0f} ms')
        self.assertLess(share(served, 1), 1.5 * bound * pace.slower)
        self.assertLess(share(refused, 0.99), 0.05 * SLOWER * pace.slower)
        self.assertGreater(
            len(served) / seconds, 0.3 * capacity / SLOWER / pace.slower
        )  # nginx, which refuses so many requests, and the clients use the same two cores
        self.assertGreater(after, 0.7 * capacity / SLOWER / pace_after.slower)
        self.assertLess(share(waited_after, 0.5), share(waited, 0.5) * 1.5 * SLOWER * pace_after.slower)

    def test_requests_that_wait_for_a_locked_table_get_503_with_retry_after(self):
        lock = MACHINE.shell()
        lock.stdin.write(
            'cd / && runuser -u postgres -- psql -Xqc "begin; lock table users in access exclusive mode; select '
            'pg_sleep(20)" fettle\n'
        )
        with lock:
            while MACHINE.psql(
                "select count(*) from pg_locks where relation = 'users'::regclass and mode = 'AccessExclusiveLock' and "
                "granted"
            ) == [['0']]:
                time.sleep(0.05)
            answers = asyncio.run(self.at_once(100, '/api/v1/me'))
            MACHINE.psql(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> "
                "pg_backend_pid()",
                user='postgres',
            )
        self.assertEqual({(status, again) for status, _, again in answers}, {(503, True)})
        took = [took for _, took, _ in answers]
        say(f'100 requests behind a lock: all refused, {spread(took)}')
        # the first four wait until the database gives up, the others until their time limit; not one after another
        self.assertLess(share(took, 1), 10 * 2)
        with Caller() as caller:
            self.assertEqual(caller.calm('me'), 200)
