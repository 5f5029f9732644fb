"""Settings that change logins: the rate limit of the login family, closed registration, many sessions."""
import time
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

BURST, RATE = 40, 2  # requests at once, then requests per second


class Settings(unittest.TestCase):
    def own_stack(self, **settings):
        own = devstack.DevStack(BUILD, **settings).start()
        self.addCleanup(own.stop)
        return own

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.headers['content-type']), (status, 'application/problem+json'), answer)
        self.assertEqual((answer.json['status'], answer.json['code']), (status, code), answer)
        self.assertTrue(answer.json['detail'], answer)

    def test_after_its_burst_only_the_login_family_is_limited(self):
        own = self.own_stack(LOGIN_RATE='120r/m')
        user = own.user('somebody')
        client = own.client()
        started = time.monotonic()
        answers = [client.post('/api/v1/auth/login', {}) for _ in range(80)]
        took = time.monotonic() - started
        let_in = [answer for answer in answers if answer.status != 429]
        self.assertLessEqual({answer.status for answer in let_in}, {400})
        self.assertGreaterEqual(len(let_in), BURST - 5)  # the registration and the login above are two of them
        self.assertLessEqual(len(let_in), BURST + 2 + took * RATE)
        self.assertEqual(answers[0].status, 400)
        for answer in answers:
            if answer.status == 429:
                self.refused(answer, 429, 'too_many_requests')
                self.assertGreaterEqual(int(answer.headers['retry-after']), 1)
        # all paths of the family
        for path in ('/api/v1/auth/login/', '/api/login', '/api/user_management/users/login/', '/api/v1/auth/register',
                     '/api/register/', '/api/user_management/users/register'):
            fresh = [client.post(path, {}).status for _ in range(3)]
            self.assertIn(429, fresh, path)
        # and nothing else
        for _ in range(3):
            for path in ('/api/v1/health', '/api/v1/me', '/api/v1/tasks', '/api/v1/users'):
                self.assertEqual(user.get(path).status, 200, path)
            self.assertEqual(user.post('/api/v1/tasks', {'title': 'Oil'}).status, 201)
        time.sleep(1.2)
        self.assertEqual(client.post('/api/v1/auth/login',
                                     {'username': 'somebody', 'password': devstack.PASSWORD}).status, 200)

    def test_closed_registration_is_refused_and_creates_no_account(self):
        own = self.own_stack(FETTLE_REGISTRATION='closed')
        client = own.client()
        body = {'username': 'somebody', 'email': 'somebody@example.org', 'password': devstack.PASSWORD}
        for path in ('/api/v1/auth/register', '/api/user_management/users/register/', '/api/register/'):
            self.refused(client.post(path, body), 403, 'registration_closed')
            self.refused(client.post(path, form=body), 403, 'registration_closed')
        self.assertEqual(own.psql('select count(*) from users'), [['0']])
        answer = client.post('/api/v1/auth/login', {'username': 'somebody', 'password': devstack.PASSWORD})
        self.refused(answer, 401, 'not_authenticated')

    def test_with_many_sessions_a_login_keeps_the_twenty_newest(self):
        own = self.own_stack(FETTLE_SESSIONS='many')
        user = own.user('somebody')
        tokens = [user.token]
        for _ in range(22):
            answer = own.client().post('/api/v1/auth/login', {'username': 'somebody', 'password': devstack.PASSWORD})
            self.assertEqual(answer.status, 200, answer)
            tokens.append(answer.json['token'])
        answers = [own.client(token).get('/api/v1/me') for token in tokens]
        self.assertEqual([answer.status for answer in answers], [401] * 3 + [200] * 20)
        self.assertEqual({answer.json['code'] for answer in answers[:3]}, {'session_superseded'})
        self.assertEqual(own.psql('select count(*) from sessions where ended_as is null'), [['20']])
        # a logout ends one session, or all
        self.assertEqual(own.client(tokens[-1]).post('/api/v1/auth/logout', {}).status, 200)
        self.assertEqual([own.client(token).get('/api/v1/me').status for token in tokens[-2:]], [200, 401])
        self.assertEqual(own.client(tokens[-2]).post('/api/v1/auth/logout', {'scope': 'all'}).status, 200)
        self.assertEqual({own.client(token).get('/api/v1/me').status for token in tokens}, {401})

    def test_with_single_sessions_a_login_ends_the_earlier_one(self):
        user = STACK.user()
        answer = STACK.client().post('/api/v1/auth/login', {'username': user.username, 'password': devstack.PASSWORD})
        self.assertEqual(answer.status, 200, answer)
        self.refused(user.get('/api/v1/me'), 401, 'session_superseded')
        self.assertEqual(STACK.client(answer.json['token']).get('/api/v1/me').status, 200)
