"""Restarts and accidents under load: acknowledged work is kept, failed requests get an error, everything recovers."""
import os
import signal
import socket
import subprocess
import threading
import time
import unittest
import uuid

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''


class Load:
    """Clients that create tasks and read them until they are stopped; the answers are in .answers."""

    def __init__(self, on, token, clients=6):
        self.on, self.token, self.answers, self.over = on, token, [], threading.Event()
        self.mark = uuid.uuid4().hex[:12]
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(clients)]

    def run(self, number):
        client, count, last = self.on.client(self.token), 0, ''
        while not self.over.is_set():
            count += 1
            title = f'{self.mark} {number} {count}'
            for method, path, body in (('POST', '/api/v1/tasks', {'title': title}),
                                       ('GET', f'/api/v1/tasks{last}', None)):
                try:
                    answer = client.request(method, path, body)
                    if answer.status == 201:
                        last = f'/{answer.json["id"]}'
                except Exception as fault:  # a request without an answer
                    answer = fault
                self.answers.append((method, title, answer))
            if SANITIZER:
                time.sleep(0.01)
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, *fault):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def lost(self):
        """The requests that did not succeed."""
        return [(method, title, answer) for method, title, answer in self.answers
                if not isinstance(answer, devstack.Answer) or answer.status not in (200, 201)]

    def check(self, test, *statuses):
        """Every acknowledged creation is in the table, none is there twice; all others failed in one of these ways."""
        test.assertGreater(len(self.answers), 50)
        for method, title, answer in self.lost():
            test.assertIsInstance(answer, devstack.Answer, (method, title))
            test.assertIn(answer.status, statuses, (method, title, answer))
            test.assertEqual(answer.headers['content-type'], 'application/problem+json')
            test.assertEqual(answer.json['status'], answer.status)
            if answer.status == 503:
                test.assertGreaterEqual(int(answer.headers.get('retry-after', 0)), 1, answer)
        stored = [row[0] for row in self.on.psql(f"select title from tasks where title like '{self.mark} %'")]
        test.assertEqual(len(stored), len(set(stored)), 'a task was created twice')
        acknowledged = {title for method, title, answer in self.answers if method == 'POST'
                        and getattr(answer, 'status', 0) == 201}
        test.assertGreater(len(acknowledged), 10)
        test.assertEqual(acknowledged - set(stored), set(), 'acknowledged, but not stored')


def wait_for(condition, seconds=10.0):
    """Whether the condition became true within this time."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return held


class Handlers(unittest.TestCase):
    def healthy(self):
        for path in ('/api/v1/health', '/api/v1/me', '/api/v1/tasks', '/api/v1/users'):
            self.assertEqual(STACK.root.get(path).status, 200, path)

    def change_of_pid(self, old):
        self.assertTrue(wait_for(lambda: STACK.pids('tasks') and STACK.pids('tasks') != old), f'{old} has no successor')

    def test_a_sigterm_under_load_loses_no_request(self):
        with Load(STACK, STACK.root.token) as load:
            for _ in range(5):
                old = STACK.pids('tasks')
                self.assertEqual(len(old), 1)
                os.kill(old[0], signal.SIGTERM)
                self.change_of_pid(old)
                time.sleep(0.5)
        load.check(self)
        self.healthy()

    def test_a_kill_under_load_fails_only_what_was_in_flight(self):
        time.sleep(1.1)  # multiwatch counts deaths within one second of each other
        with Load(STACK, STACK.root.token) as load:
            for _ in range(5):
                old = STACK.pids('tasks')
                os.kill(old[0], signal.SIGKILL)
                self.change_of_pid(old)
                time.sleep(0.5)
        load.check(self, 502, 503)
        self.assertLessEqual(len(load.lost()), 5 * int(STACK.env['FETTLE_WORKERS']), load.lost())
        self.assertLessEqual({method for method, _, _ in load.lost()}, {'POST'}, 'nginx must send reads again')
        self.healthy()

    def test_a_reload_of_nginx_under_load_loses_no_request(self):
        with open(os.path.join(STACK.run, 'nginx.pid')) as file:
            nginx = int(file.read())
        with Load(STACK, STACK.root.token) as load:
            for _ in range(5):
                os.kill(nginx, signal.SIGHUP)
                time.sleep(0.4)
        load.check(self)
        self.healthy()

    def test_sixty_clients_that_stop_in_the_middle_of_a_body_block_no_other_client(self):
        before = STACK.psql('select count(*) from tasks')
        head = ('POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\n'
                f'Authorization: Token {STACK.root.token}\r\n'
                'Content-Type: application/json\r\nContent-Length: 2000\r\n\r\n').encode()
        slow = [socket.create_connection(('127.0.0.1', STACK.port)) for _ in range(60)]
        try:
            for i, peer in enumerate(slow):
                peer.sendall(head[:-4] if i % 3 == 0 else head + b'{"title":"' + b'a' * 1000)
            for _ in range(30):
                started = time.monotonic()
                self.assertEqual(STACK.root.get('/api/v1/tasks?page_size=1').status, 200)
                self.assertLess(time.monotonic() - started, 3 if SANITIZER else 1)
        finally:
            for peer in slow:
                peer.close()
        time.sleep(0.2)
        self.assertEqual(STACK.psql('select count(*) from tasks'), before)

    def test_a_handler_without_file_descriptors_waits_and_continues(self):
        pid, answers = STACK.pids('users')[0], []

        # as the user of the handler: lowering a soft limit and raising it again needs no privilege
        def limit(descriptors):
            who = os.stat(f'/proc/{pid}')
            given = {'user': who.st_uid, 'group': who.st_gid, 'extra_groups': []} if os.geteuid() == 0 else {}
            subprocess.run(['prlimit', '--pid', str(pid), f'--nofile={descriptors}:'], check=True, **given)

        def seconds():
            with open(f'/proc/{pid}/stat') as file:
                return sum(map(int, file.read().rsplit(')', 1)[1].split()[11:13])) / os.sysconf('SC_CLK_TCK')

        waiting = threading.Thread(target=lambda: answers.append(STACK.client(STACK.root.token).get('/api/v1/users')))
        limit(3)
        try:
            waiting.start()
            time.sleep(0.5)
            before = seconds()
            time.sleep(0.5)
            self.assertLess(seconds() - before, 0.25, 'the handler used the processor while it waited')
        finally:
            limit(1024)
            waiting.join(30)
        self.assertEqual([answer.status for answer in answers], [200])
        self.assertEqual(STACK.pids('users'), [pid])


class Database(unittest.TestCase):
    def setUp(self):
        self.stack = devstack.DevStack(BUILD, deliberate=devstack.BROKEN_LINKS, FETTLE_WORKERS='4').start()
        self.addCleanup(self.stack.stop)
        self.root = self.stack.user('root', superuser=True)
        with open(os.path.join(self.stack.data, 'cluster/data/postmaster.pid')) as file:
            self.postmaster = int(file.readline())

    def under_load(self, accident, times):
        pids = {name: self.stack.pids(name) for name in os.listdir(os.path.join(self.stack.run, 'handlers'))}
        with Load(self.stack, self.root.token) as load:
            for _ in range(times):
                accident()
                # 200 from all workers in a row, within a short time
                self.assertTrue(
                    wait_for(lambda: all(self.root.get('/api/v1/tasks').status == 200 for _ in range(8)), 5))
                time.sleep(0.3)
        load.check(self, 503)
        self.assertEqual({name: self.stack.pids(name) for name in pids}, pids, 'a handler was restarted')
        self.assertNotIn('fault:', self.stack.logs())
        return load

    def test_a_restart_of_the_database_loses_no_acknowledged_work(self):
        def restart():
            os.kill(self.postmaster, signal.SIGINT)
            self.assertTrue(wait_for(self.another_postmaster), 'PostgreSQL did not come back')
        self.assertTrue(self.under_load(restart, 2).lost(), 'no request failed: the test proved nothing')

    def another_postmaster(self):
        """tools/dev/stack has started the database again, and it accepts connections."""
        try:
            with open(os.path.join(self.stack.data, 'cluster/data/postmaster.pid')) as file:
                lines = file.read().split('\n')
        except FileNotFoundError:
            return False
        if len(lines) < 8 or lines[7].strip() != 'ready' or int(lines[0]) == self.postmaster:
            return False
        self.postmaster = int(lines[0])
        return True

    def test_a_killed_server_process_loses_no_acknowledged_work(self):
        def crash():
            backend = self.stack.psql("select pid from pg_stat_activity where application_name = 'fettle_tasks' "
                                      "limit 1")[0][0]
            os.kill(int(backend), signal.SIGKILL)  # all database sessions end, and the write-ahead log is replayed
            time.sleep(0.1)
        self.assertTrue(self.under_load(crash, 3).lost(), 'no request failed: the test proved nothing')

    def test_ended_connections_lose_no_acknowledged_work(self):
        self.under_load(lambda: self.stack.psql('select pg_terminate_backend(pid) from pg_stat_activity '
                                                'where pid <> pg_backend_pid() and datname = current_database()'), 5)

    def test_a_connection_that_ended_while_idle_is_noticed_before_it_is_used(self):
        for _ in range(3):
            self.stack.psql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
                            "and datname = current_database()")
            time.sleep(0.2)
            self.assertEqual([self.root.post('/api/v1/tasks', {'title': 'after the end'}).status for _ in range(8)],
                             [201] * 8)


class PlainCgi(unittest.TestCase):
    def run_cgi(self, handler, body=None, **environment):
        feed = {'stdin': subprocess.DEVNULL} if body is None else {'input': body}
        result = subprocess.run([os.path.join(BUILD, 'handlers', handler)], env={
            'PATH': os.environ['PATH'], **STACK.env, **environment}, capture_output=True, timeout=30, **feed)
        self.assertEqual(result.returncode, 0, result)
        head, _, content = result.stdout.partition(b'\r\n\r\n')
        headers = dict(line.split(': ', 1) for line in head.decode().split('\r\n'))
        if environment['REQUEST_METHOD'] != 'HEAD':
            self.assertEqual(int(headers['Content-Length']), len(content), result)
        return headers['Status'], headers.get('Content-Type'), content

    def test_a_handler_answers_one_plain_cgi_request(self):
        for body, path in ((None, '/health/live'), (b'', '/health/live'), (None, '/api/v1/health'),
                           (b'', '/api/v1/health')):
            self.assertEqual(self.run_cgi('health', body, REQUEST_METHOD='GET', SCRIPT_NAME=path),
                             ('200 OK', 'application/json', b'{"status":"ok"}'))
        self.assertEqual(self.run_cgi('health', REQUEST_METHOD='GET', SCRIPT_NAME='/nowhere')[:2],
                         ('404 Not Found', 'application/problem+json'))
        self.assertEqual(self.run_cgi('health', REQUEST_METHOD='HEAD', SCRIPT_NAME='/health/live')[2], b'')

    def test_a_plain_cgi_request_reads_its_body_from_standard_input(self):
        body = b'{"title":"%s"}' % (title := uuid.uuid4().hex).encode()
        given = {'REQUEST_METHOD': 'POST', 'SCRIPT_NAME': '/api/v1/tasks', 'HTTP_AUTHORIZATION': 'Token ' +
                 STACK.root.token, 'CONTENT_TYPE': 'application/json', 'CONTENT_LENGTH': str(len(body))}
        self.assertEqual(self.run_cgi('tasks', body[:-5], **given)[0], '400 Bad Request')
        self.assertEqual(self.run_cgi('tasks', body, **{**given, 'HTTP_AUTHORIZATION': 'Basic cm9vdDo='})[0],
                         '401 Unauthorized')
        self.assertEqual(STACK.psql(f"select count(*) from tasks where title = '{title}'"), [['0']])
        self.assertEqual(self.run_cgi('tasks', body, **given)[0], '201 Created')
        self.assertEqual(STACK.psql(f"select count(*) from tasks where title = '{title}'"), [['1']])
