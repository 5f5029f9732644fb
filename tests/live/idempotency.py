"""Idempotency-Key: a request that is sent again has one effect and one answer, whatever happens in between."""
import os
import secrets
import signal
import threading
import time
import unittest

import races
import restarts
import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

# The work and the commit take a while, so that a handler can be killed before the commit, or after it and before the
# answer.
SLOW = """
    create or replace function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.02); return new; end $$;
    create trigger slow_work before insert on tasks for each row execute function slow();
    create constraint trigger slow_commit after insert on tasks deferrable initially deferred
        for each row execute function slow()"""


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, deliberate=devstack.BROKEN_LINKS, FETTLE_WORKERS='16').start()
        cls.addClassCleanup(cls.stop)
        cls.root = cls.on.user('root', superuser=True)

    @classmethod
    def stop(cls):
        faults = [line for line in cls.on.stop().splitlines() if 'fault: ' in line or 'passed our checks' in line]
        assert not faults, faults[:5]

    def one(self, sql):
        """The only row of a query, its values as texts."""
        rows = self.on.psql(sql)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def send(self, who, path, body, key, replayed=False, status=201):
        answer = who.post('/api/v1' + path, body, headers={'Idempotency-Key': key})
        self.assertEqual((answer.status, answer.headers.get('idempotency-replayed')),
                         (status, 'true' if replayed else None), answer)
        return answer

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json['code']), (status, code), answer)
        self.assertNotIn('idempotency-replayed', answer.headers)

    def order(self):
        """A work order of a new item."""
        item = self.root.post('/api/v1/equipment', {'name': 'Lathe', 'serial_number': secrets.token_hex(8)}).json['id']
        return self.root.post('/api/v1/tasks', {'title': 'Oil', 'equipment': item}).json['id']

    def together(self, who, path, body, count=20):
        """Sends the same request with the same key many times at once; the one answer that all of them got."""
        key = secrets.token_urlsafe(16)

        def act(client):  # after a 503 the request is sent again
            for _ in range(20):
                answer = client.post('/api/v1' + path, body, headers={'Idempotency-Key': key})
                if answer.status != 503:
                    break
                self.assertGreaterEqual(int(answer.headers['retry-after']), 1)
                time.sleep(0.2)
            return answer
        act.stack, act.token = self.on, who.token
        answers = races.together([act] * count)
        for answer in answers:
            self.assertIsInstance(answer, devstack.Answer)
        self.assertEqual(len({(answer.status, answer.body, answer.headers.get('etag'), answer.headers.get('location'),
                               answer.headers['content-type']) for answer in answers}), 1, answers)
        self.assertEqual(sum(answer.headers.get('idempotency-replayed') == 'true' for answer in answers), count - 1)
        self.assertEqual(self.one(f"select count(*), min(status), min(body) from idempotency_keys where key = '{key}'"),
                         ['1', str(answers[0].status), answers[0].body.decode()])
        return answers[0]

    def test_of_twenty_creations_with_one_key_one_task_is_created(self):
        user = self.on.user()
        for turn in range(3):
            answer = self.together(user, '/tasks', {'title': f'once {turn}'})
            self.assertEqual(answer.status, 201)
            self.assertEqual(self.one(f"select count(*), min(id), (select count(*) from audit "
                                      f"where table_name = 'tasks' and row_id = {answer.json['id']}) from tasks "
                                      f"where title = 'once {turn}'"),
                             ['1', str(answer.json['id']), '1'])
            self.assertEqual(user.get(answer.headers['location'].removeprefix(f'http://127.0.0.1:{self.on.port}')).body,
                             answer.body)

    def test_of_twenty_records_with_one_key_one_is_created_and_none_is_refused_as_done(self):
        user = self.on.user()
        for _ in range(3):
            order = self.order()
            answer = self.together(user, '/maintenance', {'task': order, 'description': 'oiled', 'cost': '2.50'})
            self.assertEqual(answer.status, 201)
            self.assertEqual(self.one(f'select m.id, e.maintenance_count, e.maintenance_cost from maintenance m '
                                      f'join equipment e on e.id = m.equipment where m.task = {order}'),
                             [str(answer.json['id']), '1', '2.50'])

    def test_of_twenty_claims_of_the_next_order_with_one_key_all_get_the_same_order(self):
        user, orders = self.on.user(), [self.order() for _ in range(3)]
        self.on.psql(f"update tasks set status = 'Cancelled' where equipment is not null and status = 'Pending' "
                     f"and id <> all ('{{{orders[0]},{orders[1]},{orders[2]}}}')")
        got = [self.together(user, '/tasks/claim_next', None) for _ in range(2)]
        self.assertEqual([answer.status for answer in got], [200, 200])
        self.assertEqual([answer.json['id'] for answer in got], orders[:2])
        self.assertEqual(self.on.psql(f'select id, version from tasks where "user" = {user.id} order by id'),
                         [[str(orders[0]), '2'], [str(orders[1]), '2']])

    def test_other_creations_work_with_a_key_too(self):
        item = self.together(self.root, '/equipment', {'name': 'Drill', 'serial_number': secrets.token_hex(8)},
                             5).json['id']
        self.together(self.root, '/roles',
                      {'name': secrets.token_hex(8), 'permissions': ['tasks.create', 'tasks.assign']}, 5)
        self.together(self.root, '/schedules', {'equipment': item, 'title': 'oil', 'every_days': 7}, 5)
        self.together(self.root, f'/equipment/{item}/readings', {'hours': 5}, 5)
        self.together(self.root, f'/tasks/{self.order()}/claim', None, 5)
        self.assertEqual(self.one(f'select (select count(*) from schedules where equipment = {item}), (select count(*) '
                                  f'from readings where equipment = {item})'), ['1', '1'])

    def test_a_form_that_is_sent_again_with_another_boundary(self):
        user, key = self.on.user(), secrets.token_urlsafe(16)
        made = []
        for boundary in ('one', 'two'):
            body = f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nOil\r\n--{boundary}--\r\n'
            made.append(user.post('/api/v1/tasks', raw=body.encode(), headers={
                'Idempotency-Key': key, 'Content-Type': f'multipart/form-data; boundary={boundary}'}))
        self.assertEqual([answer.status for answer in made], [201, 201], made)
        self.assertEqual(made[0].body, made[1].body)

    def test_the_key_of_another_user_is_another_key(self):
        users, key = [self.on.user(), self.on.user()], secrets.token_urlsafe(16)
        made = [self.send(user, '/tasks', {'title': 'the same'}, key) for user in users]
        self.assertEqual([answer.json['author'] for answer in made], [user.id for user in users])
        self.assertEqual([self.send(user, '/tasks', {'title': 'the same'}, key, replayed=True).body for user in users],
                         [answer.body for answer in made])
        # another request with the key of one user is refused, without the answer of the other user
        self.refused(users[0].post('/api/v1/tasks', {'title': 'another'}, headers={'Idempotency-Key': key}), 409,
                     'idempotency_key_reused')

    def test_a_key_belongs_to_one_request(self):
        user, key = self.on.user(), secrets.token_urlsafe(16)
        first, second = self.order(), self.order()
        answer = self.send(user, f'/tasks/{first}/claim', None, key, status=200)
        for path, body in ((f'/tasks/{second}/claim', None), (f'/tasks/{first}/claim', {'hours': 1})):
            found = user.post('/api/v1' + path, body, headers={'Idempotency-Key': key})
            self.assertIn(found.status, (400, 409), found)
            self.assertNotIn('idempotency-replayed', found.headers)
        self.refused(user.post(f'/api/v1/tasks/{second}/claim', headers={'Idempotency-Key': key}), 409,
                     'idempotency_key_reused')
        self.assertEqual(self.one(f'select "user", claimed_until is null from tasks where id = {second}'),
                         [str(self.root.id), 't'])
        self.assertEqual(self.send(user, f'/tasks/{first}/claim', None, key, replayed=True, status=200).body,
                         answer.body)
        # another route has its own keys
        self.send(user, '/tasks', {'title': 'with the same key'}, key)

    def test_refused_requests_are_not_stored(self):
        user, eve, key = self.on.user(), self.on.user(), secrets.token_urlsafe(16)
        self.on.psql(f'delete from user_roles where user_id = {eve.id}')
        order = self.order()
        self.root.post('/api/v1/maintenance', {'task': order, 'description': 'done'})
        for who, path, body, status in (
                (user, '/tasks', {'titel': 'x'}, 400), (user, '/tasks', {'title': 'x', 'equipment': 999999999}, 400),
                (eve, '/tasks', {'title': 'x'}, 403), (user, '/tasks', {'title': 'x', 'user': self.root.id}, 403),
                (user, '/maintenance', {'task': order, 'description': 'x'}, 409),
                (user, '/tasks/999999999/claim', None, 404),
                (self.root, '/equipment', {'name': 'x', 'serial_number': self.taken()}, 409)):
            for _ in range(2):
                answer = who.post('/api/v1' + path, body, headers={'Idempotency-Key': key})
                self.assertEqual((answer.status, answer.headers['content-type'],
                                  answer.headers.get('idempotency-replayed')),
                                 (status, 'application/problem+json', None), answer)
        self.assertEqual(self.one(f"select count(*) from idempotency_keys where key = '{key}'"), ['0'])
        # a corrected request can use the same key
        self.send(user, '/tasks', {'title': 'x'}, key)

    def taken(self):
        return self.on.psql('select serial_number from equipment limit 1')[0][0] if self.order() else None

    def test_invalid_keys_are_refused(self):
        user = self.on.user()
        for key in ('', ' ', 'a b', 'a' * 256, 'schl\u00fcssel', '\x01'):
            self.refused(user.post('/api/v1/tasks', {'title': 'badly keyed'},
                                   headers={'Idempotency-Key': key.encode('latin-1')}), 400, 'invalid_idempotency_key')
        self.send(user, '/tasks', {'title': 'long key'}, '~' * 255)
        self.send(user, '/tasks', {'title': 'long key'}, '~' * 255, replayed=True)
        self.assertEqual(self.one(f"select count(*) filter (where title = 'long key'), count(*) from tasks "
                                  f"where author = {user.id}"), ['1', '1'])
        for path, body in (('/auth/login', {'username': user.username, 'password': devstack.PASSWORD}),
                           ('/auth/tokens', {'name': 'x'})):
            self.refused(user.post('/api/v1' + path, body, headers={'Idempotency-Key': 'key'}), 400,
                         'idempotency_not_supported')

    def test_a_key_is_reusable_after_a_day(self):
        user, key = self.on.user(), secrets.token_urlsafe(16)
        first = self.send(user, '/tasks', {'title': 'aged'}, key)
        for age, replayed in (('23 hours 59 minutes', True), ('24 hours 1 second', False)):
            self.on.psql(f"update idempotency_keys set created_at = now() - interval '{age}' where key = '{key}'")
            answer = self.send(user, '/tasks', {'title': 'aged'}, key, replayed=replayed)
            self.assertEqual(answer.body == first.body, replayed)
        self.assertEqual(self.send(user, '/tasks', {'title': 'aged'}, key, replayed=True).body, answer.body)
        self.on.psql(f"update idempotency_keys set created_at = now() - interval '25 hours' where key = '{key}'")
        # after a day the key can be used for another request
        other = self.together_with(user, key, {'title': 'another body'})
        self.assertEqual(self.one(f"select count(*) filter (where title = 'aged'), count(*) filter (where title "
                                  f"= 'another body'), max(id) from tasks where author = {user.id}"),
                         ['2', '1', str(other.json['id'])])

    def together_with(self, who, key, body):
        acts = [races.Act('POST', '/api/v1/tasks', body, who.token, {'Idempotency-Key': key}, on=self.on)
                for _ in range(10)]
        answers = races.together(acts)
        self.assertEqual([answer.status for answer in answers], [201] * 10, answers)
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(sum('idempotency-replayed' in answer.headers for answer in answers), 9)
        return answers[0]

    def test_a_stored_answer_is_given_only_to_callers_who_still_have_the_permission(self):
        key, body = secrets.token_urlsafe(16), {'title': 'mine'}
        user = self.on.user()
        first = self.send(user, '/tasks', body, key)
        self.on.psql(f'delete from user_roles where user_id = {user.id}')
        self.refused(user.post('/api/v1/tasks', body, headers={'Idempotency-Key': key}), 403, 'permission_missing')
        self.on.psql(f"insert into user_roles (user_id, role_id) select {user.id}, id from roles "
                     f"where name = 'employee'")
        # another session of the same user gets the answer, the ended session does not
        old, user.token = user.token, user.post('/api/v1/auth/login', {'username': user.username,
                                                                       'password': devstack.PASSWORD}).json['token']
        self.assertEqual(self.send(user, '/tasks', body, key, replayed=True).body, first.body)
        self.refused(self.on.client(old).post('/api/v1/tasks', body, headers={'Idempotency-Key': key}), 401,
                     'session_superseded')
        user.post('/api/v1/auth/logout', {})
        self.refused(user.post('/api/v1/tasks', body, headers={'Idempotency-Key': key}), 401, 'session_ended')
        self.refused(self.on.client().post('/api/v1/tasks', body, headers={'Idempotency-Key': key}), 401,
                     'not_authenticated')
        self.on.psql(f'update users set is_active = false where id = {user.id}')
        self.refused(user.post('/api/v1/tasks', body, headers={'Idempotency-Key': key}), 401, 'account_inactive')
        self.assertEqual(self.one(f'select count(*) from tasks where author = {user.id}'), ['1'])

    def test_a_request_whose_key_is_in_use_for_long_gets_503(self):
        user, key = self.on.user(), secrets.token_urlsafe(16)
        order = self.order()
        holder = threading.Thread(target=self.on.psql,
                                  args=(f'begin; select from tasks where id = {order} for update; select pg_sleep(4)',))
        holder.start()
        time.sleep(0.5)
        answers = races.together([races.Act('POST', '/api/v1/maintenance', {'task': order, 'description': 'x'},
                                            user.token, {'Idempotency-Key': key}, on=self.on) for _ in range(2)])
        waited = [answer for answer in answers if answer.status == 503]
        # the other request may have got the key after it, and waited for the remaining time
        self.assertGreaterEqual(len(waited), 1, answers)
        self.assertTrue(all(int(answer.headers['retry-after']) >= 1 for answer in waited), answers)
        holder.join()
        answer = user.post('/api/v1/maintenance', {'task': order, 'description': 'x'}, headers={'Idempotency-Key': key})
        self.assertEqual((answer.status, answer.headers.get('idempotency-replayed')),
                         (201, 'true' if len(waited) < 2 else None), answers)
        self.send(user, '/maintenance', {'task': order, 'description': 'x'}, key, replayed=True)

    # -- accidents: the work is committed and the answer is lost, or the work is lost. If a client repeats its request
    # until it gets an answer, the work is done exactly once.

    def load(self, accident, seconds, behind):
        """Six clients repeat each request with its key until it is answered, while the accident happens again and
        again. behind: the accident can also happen after the commit and before the answer."""
        self.on.psql(SLOW)
        user, over, done, faults = self.on.user(), threading.Event(), [], []

        def run(number):
            client, count = self.on.client(user.token), 0
            while not over.is_set():
                count += 1
                title, tries = f'{number} {count}', 0
                while True:
                    tries += 1
                    try:
                        answer = client.post('/api/v1/tasks', {'title': title},
                                             headers={'Idempotency-Key': f'key-{number}-{count}'})
                    except Exception as fault:  # a request without an answer
                        faults.append(fault)
                        break
                    if answer.status == 201:
                        done.append((title, tries, answer))
                        break
                    if answer.status not in (502, 503) or tries > 50:
                        faults.append(answer)
                        break
                    time.sleep(0.05)
            client.close()
        threads = [threading.Thread(target=run, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        end, accidents = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            time.sleep(0.5)
            accident()
            accidents += 1
        time.sleep(0.3)
        over.set()
        for thread in threads:
            thread.join(60)
        self.on.psql('drop trigger slow_work on tasks; drop trigger slow_commit on tasks')
        self.assertEqual(faults, [])
        again = [(title, answer) for title, tries, answer in done if tries > 1]
        self.assertGreater(len(again), accidents // 2)
        if behind:
            self.assertGreater(sum('idempotency-replayed' in answer.headers for _, answer in again), 0,
                               'no answer was lost after the commit: the test proved nothing')
        self.assertGreater(sum('idempotency-replayed' not in answer.headers for _, answer in again), 0,
                           'no work was lost before the commit: the test proved nothing')
        # one task for each title, and each answer is the stored one
        stored = self.on.psql(f'select title, id from tasks where author = {user.id} order by id')
        self.assertEqual(sorted(stored), sorted([title, str(answer.json['id'])] for title, _, answer in done))
        kept = dict(self.on.psql(f'select key, body from idempotency_keys where user_id = {user.id}'))
        self.assertEqual(len(kept), len(done))
        for title, _, answer in done:
            self.assertEqual(kept['key-' + title.replace(' ', '-')], answer.body.decode())
        self.assertEqual(self.one(f"select count(*) from audit where table_name = 'tasks' and user_id = {user.id}"),
                         [str(len(done))])

    def test_a_handler_that_is_killed_between_work_and_answer(self):
        def kill():
            old = self.on.pids('tasks')
            os.kill(old[0], signal.SIGKILL)
            self.assertTrue(restarts.wait_for(lambda: self.on.pids('tasks') not in ([], old)))
            time.sleep(0.6)  # multiwatch counts deaths within one second of each other
        self.load(kill, 6 if SANITIZER else 12, behind=True)

    def test_a_server_process_that_is_stopped_between_work_and_answer(self):
        self.load(lambda: self.on.psql("select pg_terminate_backend(pid) from pg_stat_activity "
                                       "where application_name = 'fettle_tasks'"), 6, behind=False)
