"""Fields of a body with the names that the library uses for parameters of statements: they are ordinary values."""
import json
import os
import subprocess
import unittest

STACK, BUILD, SANITIZER = None, 'build', ''

FIELDS = ('route', 'digest', 'key', 'status', 'headers', 'answer', 'ip', 'session_key', 'idempotency_key', 'if_match',
          'quota')


def call(token, body, key=None):
    """Sends one request to the program of tests/programs, as plain CGI; status, headers and body of the answer."""
    text = json.dumps(body).encode()
    environment = {**os.environ, **STACK.env, 'PGUSER': 'fettle', 'REQUEST_METHOD': 'POST',
                   'SCRIPT_NAME': '/api/v1/names', 'CONTENT_TYPE': 'application/json',
                   'CONTENT_LENGTH': str(len(text)), 'REMOTE_ADDR': '192.0.2.7',
                   'HTTP_AUTHORIZATION': 'Token ' + token, 'SERVER_NAME': 'localhost'}
    if key:
        environment['HTTP_IDEMPOTENCY_KEY'] = key
    result = subprocess.run([os.path.join(BUILD, 'tests/programs/names')], input=text, capture_output=True,
                            env=environment, check=True)
    head, _, answer = result.stdout.partition(b'\r\n\r\n')
    headers = dict(line.split(': ', 1) for line in head.decode().split('\r\n'))
    return int(headers['Status'].split()[0]), headers, json.loads(answer)


class Names(unittest.TestCase):
    def test_they_are_returned_as_they_were_sent(self):
        user = STACK.user()
        sent = {name: f"'{name}' of the body" for name in FIELDS}
        status, _, answer = call(user.token, sent)
        self.assertEqual((status, answer), (201, sent))

    def test_an_idempotency_key_belongs_to_the_route_and_cannot_be_set_by_a_field(self):
        user = STACK.user()
        sent = {name: 'of the body' for name in FIELDS}
        first = call(user.token, sent, 'the-key')
        self.assertEqual(first[0], 201)
        rows = STACK.psql(f"""select route, key, digest ~ '^[0-9a-f]{{64}}$', status, body::jsonb ->> 'status'
                                from idempotency_keys where user_id = {user.id}""")
        self.assertEqual(rows, [['POST /api/v1/names', 'the-key', 't', '201', 'of the body']])
        again = call(user.token, sent, 'the-key')
        self.assertEqual((again[0], again[1].get('Idempotency-Replayed'), again[2]), (201, 'true', first[2]))
        other = call(user.token, {**sent, 'digest': 'another'}, 'the-key')
        self.assertEqual(other[2]['code'], 'idempotency_key_reused')

    def test_a_session_key_in_the_body_authenticates_no_request(self):
        user, other = STACK.user(), STACK.user()
        [[key]] = STACK.psql(f'select key from sessions where user_id = {other.id}')
        status, _, answer = call('x' * 43, {'session_key': key})
        self.assertEqual((status, answer['code']), (401, 'not_authenticated'))
        call(user.token, {'session_key': key}, 'mine')
        self.assertEqual(STACK.psql("select user_id from idempotency_keys where key = 'mine'"), [[str(user.id)]])
