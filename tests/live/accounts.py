"""Races for accounts, sessions and roles: many requests at once; afterwards the tables must satisfy the rules."""
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import races
import restarts
import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

OLD, NEW = devstack.PASSWORD, 'a newer one for the horse'


def act(on, method, path, body=None, token=None):
    """A request for races.together(). It is sent again if a busy machine had no time to check a password."""
    inner = races.Act(method, path, body, token, on=on)

    def run(client):
        for _ in range(5):
            answer = inner(client)
            if answer.status != 503 or 'at the same time' not in answer.json['detail']:
                break
        return answer
    run.stack, run.token = on, token
    return run


def log_in(on, name, password):
    return act(on, 'POST', '/api/v1/auth/login', {'username': name, 'password': password})


def session(on, user_id):
    """Inserts a session without a login, which ends no other session; its token."""
    token = secrets.token_urlsafe(32)
    on.psql(f"insert into sessions (user_id, key, expires_at) "
            f"values ({user_id}, sha256('{token}'), now() + interval '1 hour')")
    return token


def refreshable(on, user_id):
    """Inserts a session without a login; its token and its refresh token."""
    token, refresh = session(on, user_id), secrets.token_urlsafe(16) + secrets.token_urlsafe(32)
    on.psql(f"update sessions set refresh_family = sha256('{refresh[:22]}'), refresh_key = sha256('{refresh}') "
            f"where key = sha256('{token}')")
    return token, refresh


class Case(unittest.TestCase):
    def answers(self, acts, *statuses):
        """Sends all requests at once; the answers, whose statuses must be among these."""
        answers = races.together(acts)
        for answer in answers:
            self.assertIsInstance(answer, devstack.Answer)
            self.assertIn(answer.status, statuses, answers)
        return answers

    def rows(self, on, sql, *expected):
        self.assertEqual(on.psql(sql), [list(map(str, row)) for row in expected], sql)

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json['code']), (status, code), answer)


class Many(Case):
    """On its own dev stack: it starts empty, a login ends no other session, and 16 requests are served at once."""

    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_SESSIONS='many', FETTLE_WORKERS='16').start()
        cls.addClassCleanup(cls.on.stop)

    def live(self, user_id):
        return int(self.on.psql(f"select count(*) from sessions where user_id = {user_id} and kind = 'session' "
                                f"and ended_as is null")[0][0])

    def test_of_twenty_first_registrations_one_is_superuser_and_all_accounts_are_complete(self):
        for turn in range(2 if SANITIZER else 3):
            self.on.psql('truncate users restart identity cascade')
            answers = self.answers(
                [act(self.on, 'POST', '/api/v1/auth/register', races.account(f'first{i}')) for i in range(20)], 201)
            self.assertEqual(sum(answer.json['is_superuser'] for answer in answers), 1, f'turn {turn}')
            self.rows(self.on, 'select count(*), count(*) filter (where is_superuser), '
                      'count(*) filter (where is_first), bool_and(is_first = is_superuser) from users', (20, 1, 1, 't'))
            self.rows(self.on, 'select count(*) from users join credentials on user_id = users.id join profiles p '
                      'on p.id = users.id', (20,))
            self.rows(self.on, 'select name, count(*) from user_roles join roles on id = role_id group by 1',
                      ('employee', 20))

    # -- the last superuser

    def superusers(self, pair):
        """Makes these two the only superusers, active and with all roles; a new session token for each."""
        a, b = (user.id for user in pair)
        self.on.psql(f'update users set is_superuser = id in ({a}, {b}), is_active = is_active or id in ({a}, {b}) '
                     f'where is_superuser or id in ({a}, {b})')
        return [session(self.on, user.id) for user in pair]

    def test_of_two_superusers_who_demote_each_other_one_remains(self):
        pair = [self.on.user(), self.on.user()]
        ways = {'demote': ('PATCH', {'is_superuser': False}), 'stop': ('PATCH', {'is_active': False}),
                'delete': ('DELETE', None)}
        for first in ways:
            for second in ways:
                for turn in range(1 if SANITIZER else 2):
                    tokens = self.superusers(pair)
                    answers = self.answers(
                        [act(self.on, ways[way][0], f'/api/v1/users/{pair[1 - i].id}', ways[way][1], token=tokens[i])
                         for i, way in enumerate((first, second))], 200, 204, 401, 403, 409)
                    what = f'{first} against {second}, turn {turn}: {answers}'
                    self.assertEqual(sum(answer.status in (200, 204) for answer in answers), 1, what)
                    self.assertEqual(self.on.psql('select count(*) from users where is_superuser and is_active'),
                                     [['1']], what)

    def test_when_all_superusers_resign_one_remains(self):
        users = [self.on.user() for _ in range(4)]
        ids = ', '.join(str(user.id) for user in users)
        for turn in range(2 if SANITIZER else 5):
            self.on.psql(f'update users set is_superuser = id in ({ids}), is_active = is_active or id in ({ids}) '
                         f'where is_superuser or id in ({ids})')
            tokens = [session(self.on, user.id) for user in users]
            body = {'is_superuser': False} if turn % 2 else {'is_active': False}
            answers = self.answers([act(self.on, 'PATCH', f'/api/v1/users/{user.id}', body, token=token)
                                    for user, token in zip(users, tokens)], 200, 409)
            self.assertEqual([answer.json['code'] for answer in answers if answer.status == 409],
                             ['last_superuser'], answers)
            self.rows(self.on, 'select count(*) from users where is_superuser and is_active', (1,))

    def test_when_two_administrators_remove_each_others_role_one_keeps_it(self):
        root, pair = self.on.user(superuser=True), [self.on.user(), self.on.user()]
        tokens = [session(self.on, user.id) for user in pair]
        for turn in range(3 if SANITIZER else 10):
            self.on.psql(f"insert into user_roles (user_id, role_id) select u.id, r.id from users u, roles r where "
                         f"u.id in ({pair[0].id}, {pair[1].id}) and r.name = 'administrator' on conflict do nothing")
            acts = [act(self.on, 'PUT', f'/api/v1/users/{pair[1].id}/roles', {'roles': ['employee']}, token=tokens[0]),
                    act(self.on, *[('PUT', f'/api/v1/users/{pair[0].id}/roles', {'roles': []}),
                                   ('PATCH', f'/api/v1/users/{pair[0].id}', {'roles': []})][turn % 2], token=tokens[1])]
            answers = self.answers(acts, 200, 403)
            self.assertEqual(sorted(answer.status for answer in answers), [200, 403], answers)
            self.rows(self.on, f"select count(*) from user_roles join roles on id = role_id "
                      f"where name = 'administrator' and user_id in ({pair[0].id}, {pair[1].id})", (1,))
        self.rows(self.on, f'select is_superuser and is_active from users where id = {root.id}', ('t',))

    # -- passwords

    def test_of_fifty_wrong_passwords_at_once_five_are_checked(self):
        for name in (self.on.user().username, 'nobody-is-called-so'):
            started = time.monotonic()
            answers = races.together([races.Act('POST', '/api/v1/auth/login', {
                'username': (name, name.upper())[i % 2], 'password': 'wrong horse'}, on=self.on) for i in range(50)])
            allowed = 5 + int(time.monotonic() - started)  # after a wait of one second one more is allowed
            self.assertLessEqual({answer.status for answer in answers}, {401, 429, 503}, answers)
            wrong = sum(answer.status == 401 for answer in answers)
            self.assertLessEqual(wrong, allowed)
            if not any(answer.status == 503 for answer in answers):
                self.assertGreaterEqual(wrong, 5)
            # requests whose password was not checked because all workers were busy are not counted either
            self.rows(self.on, f"select failures from login_failures where name = 'username {name}'", (wrong,))
            for answer in answers:
                if answer.status == 429:
                    self.assertEqual(answer.json['code'], 'too_many_attempts')
                    self.assertGreaterEqual(int(answer.headers['retry-after']), 1)

    def test_no_session_from_the_old_password_survives_its_change(self):
        changed = 0
        for on, turns in ((self.on, 5), (STACK, 5)):
            user, old, new = on.user(), OLD, NEW
            path = '/api/v1/auth/password'
            for _ in range(turns // 2 if SANITIZER else turns):
                on.psql('delete from login_failures')  # failed logins must not cause a wait in this test
                token = session(on, user.id)
                answers = self.answers(
                    [act(on, 'POST', path, {'current_password': old, 'new_password': new}, token=token)] +
                    [log_in(on, user.username, old) for _ in range(4)], 200, 401, 429)
                if answers[0].status == 401:  # a login has ended the session before the change of the password
                    self.refused(answers[0], 401, 'session_superseded')
                    continue
                self.assertEqual(answers[0].status, 200, answers)
                changed += 1
                for answer in answers[1:]:
                    if answer.status == 200:
                        for client in (on.client(answer.json['token']), on.client()):
                            headers = None if client.token else {'Authorization': 'Bearer ' + answer.json['access']}
                            self.assertEqual(client.get('/api/v1/me', headers=headers).status, 401)
                            client.close()
                        refresh = on.client().post('/api/v1/auth/refresh', {'refresh': answer.json['refresh']})
                        self.assertEqual(refresh.status, 401, refresh)
                self.rows(on, f"select key = sha256('{token}') from sessions where user_id = {user.id} "
                          f"and ended_as is null", ('t',))
                old, new = new, old
        self.assertGreater(changed, 0)

    def test_a_login_that_is_in_progress_when_the_password_changes_does_not_survive(self):
        user = self.on.user()
        for _ in range(18):
            session(self.on, user.id)
        # the twentieth session: a login ends the oldest, and waits here as long as another transaction locks that row
        token = session(self.on, user.id)
        holder = subprocess.Popen(['psql', '-XqAt', '-h', self.on.run, '-U', 'fettle', 'fettle'], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        answers, threads = {}, []
        try:
            print(f'begin; select min(id) from sessions where user_id = {user.id}; select id from sessions '
                  f'where user_id = {user.id} order by id limit 1 for update;', file=holder.stdin, flush=True)
            self.assertEqual(holder.stdout.readline(), holder.stdout.readline())
            for name, one in (('login', log_in(self.on, user.username, OLD)),
                              ('change', act(self.on, 'POST', '/api/v1/auth/password',
                                             {'current_password': OLD, 'new_password': NEW}, token=token))):
                threads.append(threading.Thread(target=lambda name=name,
                                                one=one: answers.update({name: one(self.on.client(one.token))})))
                threads[-1].start()
                waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                self.assertTrue(restarts.wait_for(lambda: self.on.psql(waiting) == [[str(len(threads))]]),
                                f'{name} does not wait: {answers}')
        finally:
            holder.communicate('commit;\n')
            for thread in threads:
                thread.join(60)
        self.assertEqual({name: answer.status for name, answer in answers.items()},
                         {'login': 200, 'change': 200}, answers)
        self.refused(self.on.client(answers['login'].json['token']).get('/api/v1/me'), 401, 'session_ended')
        self.rows(self.on, f"select key = sha256('{token}') from sessions where user_id = {user.id} "
                  f"and ended_as is null", ('t',))

    def test_of_two_changes_of_one_password_one_succeeds(self):
        user, known = self.on.user(), OLD
        for turn in range(3 if SANITIZER else 10):
            wanted, token = [f'password {turn} of the first',
                             f'password {turn} of the second'], session(self.on, user.id)
            answers = self.answers([act(self.on, ('POST', 'PUT')[i], '/api/v1/auth/password', {
                'current_password': known, 'new_password': wanted[i]}, token=token) for i in (0, 1)], 200, 400, 409)
            self.assertEqual(sorted(answer.status == 200 for answer in answers), [False, True], answers)
            won = answers[0].status != 200
            self.assertIn(answers[1 - won].json['code'], ('invalid', 'password_changed'))
            for password, status in ((wanted[won], 200), (wanted[1 - won], 401), (known, 401)):
                self.assertEqual(races.together([log_in(self.on, user.username, password)])[0].status, status)
            known = wanted[won]
            self.on.psql('delete from login_failures')

    # -- sessions

    def test_logins_at_once_leave_at_most_twenty_sessions(self):
        user = self.on.user()
        for _ in range(17):
            session(self.on, user.id)
        self.assertEqual(self.live(user.id), 18)
        for _ in range(2 if SANITIZER else 4):  # five at a time: with more, a login could fail and have to wait
            answers = self.answers([log_in(self.on, user.username, OLD) for _ in range(5)], 200)
            self.assertEqual(self.live(user.id), 20)
            for answer in answers:
                self.assertEqual(self.on.client(answer.json['token']).get('/api/v1/me').status, 200)

    def test_of_ten_refreshes_with_one_token_one_works_and_the_session_ends(self):
        user = self.on.user()
        for _ in range(3 if SANITIZER else 10):
            token, refresh = refreshable(self.on, user.id)
            answers = self.answers(
                [act(self.on, 'POST', '/api/v1/auth/refresh', {'refresh': refresh}) for _ in range(10)], 200, 401)
            won = [answer for answer in answers if answer.status == 200]
            self.assertEqual(len(won), 1, answers)
            self.assertEqual({answer.json['code'] for answer in answers if answer.status == 401}, {'session_ended'})
            self.assertEqual(won[0].json['refresh'][:22], refresh[:22])
            self.rows(self.on, f"select ended_as, key = sha256('{token}') from sessions "
                      f"where refresh_family = sha256('{refresh[:22]}')", ('session_ended', 't'))
            for used in (won[0].json['refresh'], refresh):
                self.refused(self.on.client().post('/api/v1/auth/refresh', {'refresh': used}), 401, 'session_ended')
            for scheme, dead in (('Bearer', won[0].json['access']), ('Token', token)):
                self.refused(self.on.client().get('/api/v1/me', headers={'Authorization': f'{scheme} {dead}'}), 401,
                             'session_ended')

    def test_a_kill_during_refreshes_leaves_one_valid_token_or_none(self):
        user, over, faults, counts = self.on.user(), threading.Event(), [], {'refreshed': 0, 'lost': 0,
                                                                             'kept': 0, 'ended': 0}

        def keep_refreshing():
            """Refreshes again and again. After a lost answer it sends the same token again: that works, or the session
            has ended."""
            client, spent, doubtful = self.on.client(), [], False
            _, refresh = refreshable(self.on, user.id)
            while not over.is_set() or doubtful:
                try:
                    answer = client.post('/api/v1/auth/refresh', {'refresh': refresh})
                except Exception:  # lost answers are the subject of this test
                    answer = None
                if answer is None or answer.status in (502, 503, 504):
                    counts['lost'] += not doubtful
                    doubtful = True
                    time.sleep(0.05)
                elif answer.status == 200:
                    counts['refreshed'] += 1
                    counts['kept'] += doubtful
                    spent, refresh, doubtful = spent + [refresh], answer.json['refresh'], False
                elif answer.status == 401 and answer.json['code'] == 'session_ended' and doubtful:
                    counts['ended'] += 1
                    spent, (_, refresh), doubtful = [], refreshable(self.on, user.id), False
                else:
                    return faults.append(answer)
            # whatever was lost: only the last token is valid
            if self.on.psql(f"select ended_as is null and refresh_key = sha256('{refresh}') from sessions "
                            f"where refresh_family = sha256('{refresh[:22]}')") != [['t']]:
                faults.append('the last token is not the good one')
            for again in (spent[-1:] or []) + [refresh]:
                answer = client.post('/api/v1/auth/refresh', {'refresh': again})
                if spent and (answer.status, answer.json.get('code')) != (401, 'session_ended'):
                    faults.append(('alive', answer))
            client.close()

        threads = [threading.Thread(target=keep_refreshing) for _ in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(4):
            time.sleep(0.6)
            old = self.on.pids('auth_refresh')
            self.assertEqual(len(old), 1)
            os.kill(old[0], signal.SIGKILL)
        time.sleep(0.6)
        over.set()
        for thread in threads:
            thread.join(60)
        self.assertEqual(faults, [], counts)
        self.assertGreater(counts['refreshed'], 20, counts)
        self.assertGreater(counts['lost'], 0, counts)

    # -- roles

    def test_roles_that_are_changed_given_and_deleted_at_once_leave_no_dangling_rows(self):
        root, users = self.on.user(superuser=True), [self.on.user() for _ in range(4)]
        lists = [['tasks.assign'], ['tasks.assign', 'tasks.view_all'], []]
        for turn in range(3 if SANITIZER else 10):
            name = f'crane driver {turn}'
            self.on.psql(f"delete from user_roles ur using roles r where r.id = ur.role_id "
                         f"and not r.built_in; insert into roles (name) values ('{name}')")
            (role,), = self.on.psql(f"select id from roles where name = '{name}'")
            changes = [act(self.on, 'PATCH', f'/api/v1/roles/{role}', {'permissions': codes}, token=root.token)
                       for codes in lists]
            gifts = [act(self.on, *[('PUT', f'/api/v1/users/{user.id}/roles'), ('PATCH', f'/api/v1/users/{user.id}')][
                i % 2], {'roles': ['employee', name]}, token=root.token)
                     for i, user in enumerate(users)]
            ends = [act(self.on, 'DELETE', f'/api/v1/roles/{role}', token=root.token) for _ in range(2)]
            answers = self.answers(changes + ends + gifts, 200, 204, 400, 404, 409)
            changed, ended, given = answers[:3], answers[3:5], answers[5:]
            gone = any(answer.status == 204 for answer in ended)
            self.assertLessEqual(sum(answer.status == 204 for answer in ended), 1, ended)
            # a user who was given the role has it, and a role that a user has is not deleted
            self.assertEqual({answer.status for answer in given}, {400} if gone else {200}, answers)
            self.rows(self.on, f"select count(*) from user_roles where role_id = {role}", (0 if gone else 4,))
            self.rows(self.on, f'select count(*) from roles where id = {role}', (0 if gone else 1,))
            held = [code for code,
                    in self.on.psql(f'select code from role_permissions where role_id = {role} order by code')]
            self.assertIn(held, [[]] if gone
                          else [codes for codes, answer in zip(lists, changed) if answer.status == 200], answers)
        self.rows(self.on, 'select count(*) from role_permissions rp where not exists (select from roles r '
                  'where r.id = rp.role_id)', (0,))
        self.rows(self.on, 'select count(*) from user_roles ur where not exists (select from roles r '
                  'where r.id = ur.role_id)', (0,))

    def test_of_ten_roles_of_one_name_one_is_created(self):
        root = self.on.user(superuser=True)
        answers = self.answers([act(self.on, 'POST', '/api/v1/roles', {'name': ('Fitter', 'fitter')[
            i % 2], 'permissions': ['tasks.create']}, token=root.token) for i in range(10)], 201, 409)
        self.assertEqual(sum(answer.status == 201 for answer in answers), 1, answers)
        self.rows(self.on, "select count(*), count(rp.code) from roles left join role_permissions rp on role_id = id "
                  "where lower(name) = 'fitter'", (1, 1))

    def test_the_first_use_of_a_token_is_recorded(self):
        user = STACK.user()
        made = user.post('/api/v1/auth/tokens', {'name': 'script'}).json
        self.assertIsNone(made['last_used_at'])
        self.assertEqual(STACK.client(made['token']).get('/api/v1/me').status, 200)
        until = time.monotonic() + 5  # it is recorded after the answer was sent
        while user.get(f'/api/v1/auth/tokens/{made["id"]}').json['last_used_at'] is None and time.monotonic() < until:
            time.sleep(0.02)
        self.assertIsNotNone(user.get(f'/api/v1/auth/tokens/{made["id"]}').json['last_used_at'])

    def test_a_caller_without_a_session_does_not_wait_for_a_lock(self):
        with subprocess.Popen(['psql', '-XqAt', '-h', STACK.run, '-U', 'fettle', 'fettle'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write("begin; select pg_advisory_xact_lock(5721); select 'held';\n")
            holder.stdin.flush()
            while holder.stdout.readline().strip() != 'held':
                pass
            answer = STACK.client('n' * 43).patch('/api/v1/users/1', {})
            self.assertEqual((answer.status, answer.json['code']), (401, 'not_authenticated'))
            # the lock is effective: a caller with a session has to wait for it
            self.assertEqual(STACK.root.patch(f'/api/v1/users/{STACK.root.id}', {}).status, 503)

    def test_a_role_takes_effect_with_the_next_request(self):
        root, user = self.on.user(superuser=True), self.on.user()
        for turn in range(100):
            for roles, status in ((['employee', 'manager'], 200), (['employee'], 403)):
                self.assertEqual(root.put(f'/api/v1/users/{user.id}/roles', {'roles': roles}).status, 200)
                self.assertEqual(user.get('/api/v1/roles').status, status, f'turn {turn}')


class Single(Case):
    def test_of_logins_at_once_exactly_one_session_survives(self):
        user = STACK.user()
        for _ in range(2 if SANITIZER else 5):
            answers = self.answers([log_in(STACK, user.username, OLD) for _ in range(5)], 200)
            seen = [STACK.client(answer.json['token']).get('/api/v1/me') for answer in answers]
            self.assertEqual(sorted(answer.status for answer in seen), [200] + [401] * 4, seen)
            self.assertEqual({answer.json['code'] for answer in seen if answer.status == 401}, {'session_superseded'})
            self.rows(STACK, f'select count(*) from sessions where user_id = {user.id} and ended_as is null', (1,))


COUNTER = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int argon2id_hash_encoded(uint32_t t, uint32_t m, uint32_t p, const void *pwd, size_t length, const void *salt,
                          size_t salt_length, size_t hash_length, char *encoded, size_t encoded_length) {
    int (*real)(uint32_t, uint32_t, uint32_t, const void *, size_t, const void *, size_t, size_t, char *, size_t) =
        dlsym(RTLD_NEXT, "argon2id_hash_encoded");
    int file = open(getenv("HASHES"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file < 0 || dprintf(file, "%u KiB %u times, ", m, t) < 0) abort();
    close(file);
    return real(t, m, p, pwd, length, salt, salt_length, hash_length, encoded, encoded_length);
}
'''


class Hashes(Case):
    """The time of a login is the time of its hash; it must not reveal whether an account exists."""

    @classmethod
    def setUpClass(cls):
        if SANITIZER:
            raise unittest.SkipTest('a sanitizer must be the first library of a program, and so must our counter')
        cls.folder = tempfile.mkdtemp(prefix='fettle-hashes-')
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.counter, cls.noted = os.path.join(cls.folder, 'counter.so'), os.path.join(cls.folder, 'hashes')
        subprocess.run([os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-x', 'c', '-', '-o', cls.counter, '-ldl'],
                       input=COUNTER, text=True, check=True)

    def log_in(self, **body):
        """Runs the handler as a CGI program; its status, and the cost of the hashes that it computed."""
        open(self.noted, 'w').close()
        data = json.dumps(body).encode()
        environment = {**os.environ, **STACK.env, 'FETTLE_LOG': 'faults', 'LD_PRELOAD': self.counter,
                       'HASHES': self.noted, 'GATEWAY_INTERFACE': 'CGI/1.1',
                       'SERVER_PROTOCOL': 'HTTP/1.1', 'REQUEST_METHOD': 'POST', 'SCRIPT_NAME': '/api/v1/auth/login',
                       'QUERY_STRING': '',
                       'CONTENT_TYPE': 'application/json', 'CONTENT_LENGTH': str(len(data)), 'REMOTE_ADDR': '127.0.0.1',
                       'HTTP_HOST': 'localhost'}
        result = subprocess.run([os.path.join(BUILD, 'handlers/auth_login')], input=data, capture_output=True,
                                env=environment, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, b''))
        with open(self.noted) as file:
            return int(result.stdout.split(None, 2)[1]), file.read()

    def test_every_login_costs_exactly_one_hash(self):
        user, stopped = STACK.user(), STACK.user()
        STACK.psql(f'update users set is_active = false where id = {stopped.id}')
        for status, body in ((200, {'username': user.username, 'password': OLD}),
                             (401, {'username': user.username, 'password': 'wrong horse'}),
                             (401, {'username': 'nobody-has-this-name', 'password': OLD}),
                             (401, {'username': stopped.username, 'password': OLD}),
                             (401, {'username': stopped.username, 'password': 'wrong horse'}),
                             (200, {'email': f'{user.username}@example.org', 'password': OLD}),
                             (401, {'email': f'{user.username}@example.org', 'password': 'wrong horse'}),
                             (401, {'email': 'nobody@example.org', 'password': OLD}),
                             (401, {'email': f'{stopped.username}@example.org', 'password': OLD})):
            self.assertEqual(self.log_in(**body), (status, '19456 KiB 2 times, '), body)

    def test_a_login_that_is_refused_before_the_password_is_checked_costs_no_hash(self):
        user = STACK.user()
        self.assertEqual(self.log_in(username=user.username), (400, ''))
        for name in (user.username, 'another-nobody'):
            STACK.psql(f"insert into login_failures (name, failures, blocked_until) "
                       f"values ('username {name}', 9, now() + interval '1 minute')")
            self.assertEqual(self.log_in(username=name, password=OLD), (429, ''))
