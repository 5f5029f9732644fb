"""Hostile input: every answer has the right form and reveals no internals; refused requests change nothing."""
import base64
import contextlib
import glob
import json
import os
import re
import socket
import time
import unittest
import urllib.parse

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

# words of SQL, of libraries and of paths of the server; the tests send none of them
INSIDES = re.compile(re.escape(devstack.ROOT) + r'|pqxx|SQLSTATE|ERROR:|LINE \d|syntax error at '
                     r'or|at character|relation "|jsonb_|std::|\.cpp|/tmp/|/usr/|/var/|<html', re.I)
TABLES = {'users': 'to_jsonb(t) - \'last_login\'', 'credentials': 'to_jsonb(t)', 'user_roles': 'to_jsonb(t)',
          'roles': 'to_jsonb(t)',
          'sessions': "to_jsonb(t) - '{last_used_at,expires_at}'::text[]", 'tasks': 'to_jsonb(t)',
          'equipment': 'to_jsonb(t)', 'audit': 'to_jsonb(t)'}
JSON, FORM = 'application/json', 'application/x-www-form-urlencoded'


def tables():
    """A digest of each table."""
    sql = ' union all '.join(f"select '{name}', md5(coalesce(string_agg(({row})::text, '|' "
                             f"order by ({row})::text), '')) from {name} t" for name, row in TABLES.items())
    return dict(STACK.psql(sql))


def send(data, wait=10):
    """Sends bytes on a new connection; the first answer, or None if the server just closed it."""
    got, cut = b'', contextlib.suppress(BrokenPipeError, ConnectionResetError)
    with socket.create_connection(('127.0.0.1', STACK.port), timeout=wait) as peer:
        with cut:  # if the request is refused before all of it was sent, the answer still arrives
            peer.sendall(data)
        with cut:
            while chunk := peer.recv(65536):
                got += chunk
    head, _, body = got.partition(b'\r\n\r\n')
    first, *lines = head.decode('latin-1').split('\r\n')
    return devstack.Answer(int(first.split()[1]), [line.split(': ', 1) for line in lines], body) if got else None


def text(method, path, *headers, body=b'', token=None):
    """The bytes of a request with exactly these headers, Host, Authorization and Connection: close."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: localhost', 'Connection: close',
             *([f'Authorization: Token {token}'] if token else []), *headers]
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def multipart(boundary, *parts, end=True):
    body = b''.join(b'--' + boundary.encode() + b'\r\nContent-Disposition: form-data; ' + head + b'\r\n\r\n' + value +
                    b'\r\n' for head, value in parts)
    return body + (b'--' + boundary.encode() + b'--\r\n' if end else b'')


class Hostile(unittest.TestCase):
    def setUp(self):
        self.user = STACK.user()
        self.addCleanup(self.user.close)
        made = self.user.post('/api/v1/tasks', {'title': 'unharmed', 'description': 'as it was'})
        self.task = f'/api/v1/tasks/{made.json["id"]}'
        self.before, self.faults = tables(), []

    def tearDown(self):
        self.faults += [f'the table {name} has changed' for name, digest in tables().items() if self.before
                        and digest != self.before[name]]
        self.assertFalse(bool(self.faults), f'{len(self.faults)} faults:\n' + '\n'.join(self.faults[:20]))

    @contextlib.contextmanager
    def case(self, *what):
        """One of many cases: a fault is recorded with its subject, and the other cases still run."""
        try:
            yield
        except (AssertionError, OSError) as fault:
            self.faults.append(f'{what}: {str(fault)[:600]}')

    def in_form(self, answer, *statuses, code=None):
        """The answer has one of the expected statuses; if it is an error, it is a problem that reveals no internals."""
        assert answer, 'no answer at all'
        self.assertIn(answer.status, statuses, answer)
        self.assertTrue(answer.status < 500 or answer.status in (501, 505), answer)
        self.assertIsNone(INSIDES.search(answer.body.decode('utf-8', 'replace')), answer)
        if answer.status >= 400:
            self.assertEqual(answer.headers.get('content-type'), 'application/problem+json', answer)
            self.assertEqual(answer.json['status'], answer.status, answer)
            self.assertRegex(answer.json['code'], '^[a-z]+(_[a-z]+)*$')
            self.assertTrue(answer.json['title'] and answer.json['detail'], answer)
            self.assertIn(code, (None, answer.json['code']), answer)
            self.assertTrue(answer.status != 405 or answer.headers.get('allow'), f'405 without Allow: {answer}')

    def bodies(self, kind, cases):
        """Sends each body in a creation and a change, with and without a token: it is refused with the status (and
        code) that is listed for it."""
        for name, (status, code, body) in cases.items():
            for method, path in (('POST', '/api/v1/tasks'), ('PATCH', self.task), ('POST', '/api/v1/auth/register'),
                                 ('POST', '/api/v1/auth/login')):
                with self.case(name, f'{method} {path}'):
                    self.in_form(self.user.request(method, path, raw=body, headers={'Content-Type': kind}),
                                 status, code=code)
            with self.case(name, 'an unknown caller'):
                self.in_form(STACK.client().post('/api/v1/tasks', raw=body, headers={'Content-Type': kind}),
                             401 if len(body) <= 1 << 20 else 413)

    def test_malformed_or_excessive_json_is_refused(self):
        bad = dict(enumerate([
            b'{"title":"a"', b'{"title":"a"}x', b'{"title":"a"}{"title":"b"}', b"{'title':'a'}", b'{"title":"a",}',
            b'{"title":"a"/* */}', b'{title:1}', b' ', b'\0',
            b'{"title":"a\nb"}', b'{"title":"a\\x"}', b'{"user":01}', b'{"user":+1}', b'{"user":0x1}', b'{"user":NaN}',
            b'{"user":Infinity}', b'{"user":-}', b'[[[[',
            b'\xef\xbb\xbf{"title":"a"}', b'{"title":"\xff"}', b'{"title":"\xc0\xaf"}', b'{"title":"\xed\xa0\x80"}',
            b'{"title":"\xe2\x82"}', b'{"title":"\xf4\x90\x80\x80"}',
            b'{"title":"\\ud800"}', b'{"title":"\\udc00"}', b'{"title":"\\ud800\\ud800"}', b'{"title":"\\ud83dx"}',
            b'\xff\xfe{\0}\0',
            b'{"title":' + b'[' * 60000 + b']' * 60000 + b'}', b'{"a":' * 60000,
            b'{"title":' + b'[' * 32 + b']' * 32 + b'}',
            b'{' + b','.join(b'"k%d":1' % i for i in range(300)) + b'}', b'{"title":[' + b'1,' * 1000 + b'1]}',
            b'{"' + b'k' * 2000 + b'":1}']))
        self.bodies(JSON, {name: (400, 'malformed_json', body) for name, body in bad.items()})

    def test_well_formed_but_wrong_json_is_refused(self):
        bad = dict(enumerate([
            b'[]', b'"title"', b'1', b'null', b'[{"title":"a"}]', b'{"title":' + b'[' * 31 + b']' * 31 + b'}',
            b'{"title":"a\\u0000b","username":"a\\u0000b"}', b'{"a\\u0000b":1}',
            b'{"title":"a","title":"b","username":"a","username":"b"}', b'{"title":"a","x":{"y":1,"y":2}}',
            b'{"title":"a","x":[{"y":1,"y":2}]}', b'{"title":"a","":1}',
            b'{"user":99999999999999999999}', b'{"user":-99999999999999999999}', b'{"user":1.5}', b'{"user":0}',
            b'{"user":-1}', b'{"user":"1"}', b'{"user":true}', b'{"user":[1]}',
            b'{"user":9223372036854775807}', b'{"title":{}}', b'{"title":1}', b'{"title":null}', b'{"title":"   "}',
            b'{"title":"' + b'a' * 201 + b'"}', b'{"id":1}', b'{"version":1}',
            b'{"title":"a","description":"' + b'a' * 10001 + b'"}', b'{"title":"' + b'a' * 1000000 + b'"}',
            b'{"due_date":"now"}', b'{"due_date":"infinity"}', b'{"due_date":"2025-02-30"}',
            b'{"title":"a\\u0007b"}', b'{"priority_level":"low"}', b'{"status":"Complete"}',
            b'{"__proto__":{"is_superuser":true}}', b'{"is_superuser":true}', b'{"author":1}']))
        self.bodies(JSON, {name: (400, 'invalid', body) for name, body in bad.items()})
        # malformed, or just not an integer
        self.bodies(JSON, {body: (400, None, body)
                           for body in (b'{"user":1e999}', b'{"user":-1e999}', b'{"user":1e-999}', b'{"user":1e18}')})

    def test_the_error_names_every_duplicate_key(self):
        answer = self.user.post('/api/v1/tasks', raw=b'{"title":"a","title":"b","x":{"y":1,"y":2},"user":"no"}',
                                headers={'Content-Type': JSON})
        self.assertLessEqual({'title', 'x', 'x.y', 'user'}, set(answer.json['errors']), answer)

    def test_long_nested_keys_do_not_make_a_long_answer(self):
        depth = 28
        pairs = b'[' + b','.join(b'{' + b','.join(b'"%d":0,"%d":0' % (n, n) for n in range(part, part + 120)) + b'}'
                                 for part in range(1000, 9000, 120)) + b']'
        body = b''.join(b'{"' + b'k' * 1000 + b'":' for _ in range(depth)) + pairs + b'}' * depth
        for client, method, path in ((STACK.client(), 'GET', '/api/v1/health'), (self.user, 'POST', '/api/v1/tasks')):
            answer = client.request(method, path, raw=body, headers={'Content-Type': JSON})
            self.assertEqual(answer.status, 400)
            # also if there is an unknown field, and one that is missing
            self.assertIn(len(answer.json['errors']), (100, 101, 102))
            self.assertLess(len(answer.body), 50000)

    def test_an_empty_body_has_no_fields_and_one_over_the_limit_gets_413(self):
        self.in_form(self.user.post('/api/v1/tasks', raw=b'', headers={'Content-Type': JSON}), 400, code='invalid')
        for size, status in (((1 << 20) + 1, 413), (1 << 20, 400), (3 << 20, 413)):
            self.in_form(self.user.post('/api/v1/tasks', raw=b'{"title":"' + b'a' * (size - 12) + b'"}',
                                        headers={'Content-Type': JSON}), status)
        self.in_form(self.user.post('/api/v1/tasks', raw=b'title=' + b'a' * (1 << 20), headers={'Content-Type': FORM}),
                     413, code='too_large')
        self.in_form(send(text(
            'POST', '/api/v1/tasks', 'Transfer-Encoding: chunked', 'Content-Type: ' + JSON, token=self.user.token,
            body=b'20000\r\n' + b' ' * 0x20000 + b'\r\n' + b'100000\r\n' + b' ' * 0x100000 + b'\r\n0\r\n\r\n')), 413)

    def test_malformed_forms_are_refused(self):
        bad = [b'title=%00', b'ti%00tle=a', b'title=a%', b'title=a%4', b'title=%zz', b'title=%%41', b'title=%ff',
               b'title=\xff', b'title=%c0%af', b'title=%ed%a0%80', b'title=a&title=b',
               b'=a', b'title', b'&'.join(b'k%d=1' % i for i in range(300)), b'title=a&is_superuser=true',
               b'title=a\0b', b'{"title":"a"}']
        self.bodies(FORM, {body[:40]: (400, None, body) for body in bad})

    def test_malformed_multipart_is_refused(self):
        title = (b'name="title"', b'Oil')
        cases = {'no end': ('B', multipart('B', title, end=False)), 'no part': ('B', b'--B--\r\n'),
                 'empty': ('', multipart('', title)), 'long boundary': ('b' * 71, multipart('b' * 71, title)),
                 'very long boundary': ('-' * 3000, b'-' * 60000), 'other boundary': ('C', multipart('B', title)),
                 'strange boundary': ('"b<b"', multipart('b<b', title)),
                 '21 parts': ('B', multipart('B', *((b'name="k%d"' % i, b'1') for i in range(21)))),
                 'file': ('B', multipart('B', (b'name="title"; filename="../../etc/passwd"', b'Oil'))),
                 'empty file': ('B',
                                multipart('B', title, (b'name="f"; filename=""\r\nContent-Type: text/plain', b''))),
                 'no name': ('B', multipart('B', (b'x="title"', b'Oil'))),
                 'null': ('B', multipart('B', (b'name="title"', b'a\0b'))),
                 'null in the name': ('B', multipart('B', (b'name="ti\0tle"', b'a'))),
                 'bytes': ('B', multipart('B', (b'name="title"', b'\xff'))),
                 'twice': ('B', multipart('B', title, title)), 'no header': ('B', b'--B\r\nOil\r\n--B--\r\n'),
                 'bare feeds': ('B', multipart('B', title).replace(b'\r', b'')), 'text': ('B', b'title=Oil')}
        for name, (boundary, body) in cases.items():
            for method, path in (('POST', '/api/v1/tasks'), ('PATCH', self.task)):
                with self.case(name, method):  # a PATCH requires no field: a form without a part changes nothing
                    self.in_form(self.user.request(
                        method, path, raw=body, headers={'Content-Type': 'multipart/form-data; boundary=' + boundary}),
                                 400, *([200] if name == 'no part' and method == 'PATCH' else []))
        self.in_form(self.user.post('/api/v1/tasks', raw=multipart('B', title),
                                    headers={'Content-Type': 'multipart/form-data'}), 400)

    def test_multipart_with_a_quoted_or_a_70_character_boundary_works(self):
        self.before = None  # these requests create tasks
        for given, boundary in (('"a:b"', 'a:b'), ('"' + 'b' * 70 + '"', 'b' * 70), ('b' * 70, 'b' * 70)):
            answer = self.user.post('/api/v1/tasks', raw=multipart(boundary, (b'name="title"', b'Oil\r\nthe lathe')),
                                    headers={'Content-Type': 'multipart/form-data; boundary=' + given})
            self.in_form(answer, 201)
            self.assertEqual(answer.json['title'], 'Oil\r\nthe lathe')

    def test_the_largest_page_is_in_memory_at_most_twice(self):
        # 200 records of 160 kB each
        own = devstack.DevStack(BUILD).start()
        self.addCleanup(own.stop)
        root = own.user('root', superuser=True)
        own.psql(f"""
            set session_replication_role = replica;
            insert into tasks (title, status, completed_at, author, "user")
                select 'Task ' || n, 'Complete', now(), {root.id}, {root.id} from generate_series(1, 200) n;
            insert into equipment (name, category, serial_number) values ('Lathe', 'Lathe', 'L-1');
            insert into maintenance (task, equipment, technician, description, findings)
                select t.id, e.id, {root.id}, repeat(U&'\\+01F642', 20000), repeat(U&'\\+01F642', 20000) from tasks t,
                       equipment e""")
        self.assertEqual(root.get('/api/v1/maintenance?page_size=1').status, 200)
        pid, = own.pids('maintenance')
        with open(f'/proc/{pid}/clear_refs', 'w') as file:
            file.write('5')  # the peak is measured from here
        sizes = {}
        for key in ('VmRSS', 'VmHWM'):
            answer = root.get('/api/v1/maintenance?page_size=200') if key == 'VmHWM' else None
            with open(f'/proc/{pid}/status') as file:
                sizes[key] = next(int(line.split()[1]) for line in file if line.startswith(key)) / 1024
        self.assertEqual((answer.status, len(answer.json['results'])), (200, 200))
        page = len(answer.body) / (1 << 20)
        self.assertGreater(page, 30)
        if not SANITIZER:
            self.assertLess(sizes['VmHWM'] - sizes['VmRSS'], 2.2 * page + 4)

    def test_other_media_types_are_415(self):
        for kind in ('text/plain', 'text/json', 'application/xml', 'application/json; charset=utf-16',
                     'application/jsonx', 'multipart/mixed; boundary=B', '*/*', 'application', ''):
            with self.case(kind):
                self.in_form(self.user.patch(self.task, raw=b'{"title":"a"}', headers={'Content-Type': kind}), 415)

    def test_requests_that_two_servers_could_interpret_differently_are_refused(self):
        body, kind, long = b'{"title":"x"}', 'Content-Type: ' + JSON, 'Content-Length: 13'
        for headers in (('Content-Length: 13', 'Transfer-Encoding: chunked', kind), (long, long, kind),
                        (long, 'Content-Length: 5', kind), ('Content-Length: -1', kind), ('Content-Length: +13', kind),
                        ('Content-Length: 1x', kind), ('Content-Length: 99999999999999999999', kind),
                        ('Content-Length: 5', kind), ('Transfer-Encoding : chunked', kind), ('Host: other', long, kind),
                        ('Transfer-Encoding: chunked', kind), (long, kind, 'Content-Type: text/plain'),
                        (long, kind, 'Content-Type: ' + FORM), (long, kind, f'Authorization: Token {STACK.root.token}'),
                        (long, kind, 'If-Match: "1"', 'If-Match: "2"'), (long, kind, 'If-Match: "1"', 'If-Match: "1"'),
                        (long, kind, 'X-A: a\0b'), (long, kind, ' folded: x')):
            with self.case(headers):
                self.in_form(send(text('PATCH', self.task, *headers, body=body, token=self.user.token)), 400, 413, 401)
        self.in_form(send(text('PATCH', self.task, 'Transfer-Encoding: gzip', kind, body=body, token=self.user.token)),
                     501)
        # announced but never sent: no handler gets the request
        with socket.create_connection(('127.0.0.1', STACK.port)) as peer:
            peer.sendall(text('PATCH', self.task, 'Content-Length: 99', kind, body=body, token=self.user.token))
        time.sleep(0.2)  # a change would show when the tables are compared

    def test_request_lines_of_every_kind_get_a_well_formed_answer(self):
        for line, *statuses in ((f'FOO {self.task}', 405), (f'PROPFIND {self.task}', 405), (f'TRACE {self.task}', 405),
                                ('CONNECT localhost:80', 400, 405), (f'delete {self.task}', 400, 405),
                                (f'POST {self.task}', 405), ('DELETE /api/v1/tasks', 405),
                                (f'GET http://elsewhere.example{self.task}', 200), ('GET /' + 'a' * 9000, 414),
                                ('GET /?' + 'a' * 9000, 414),
                                ('GET *', 400, 404), ('GET api', 400), ('GET', 400), ('GET /_problem', 404),
                                ('GET /@unanswered', 404), ('GET /limit/', 404)):
            with self.case(line[:60]):
                self.in_form(send(f'{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Token '
                                  f'{self.user.token}\r\n\r\n'.encode()), *statuses)
        for data, *statuses in ((b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400),
                                (b'GET / HTTP/1.1\r\n\r\n', 400), (b'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400, 505),
                                (b'GET / HTTP/1.1\r\nHost: a"b<\r\nConnection: close\r\n\r\n', 400, 404)):
            with self.case(data):
                self.in_form(send(data), *statuses)

    def test_headers_that_are_too_large_are_refused(self):
        for headers in (['X-A: ' + 'a' * 9000], ['X-A: ' + 'a' * 7000] * 6, [f'X-{i}: a' for i in range(9000)],
                        ['Accept: ' + 'a/b,' * 1500]):
            with self.case(headers[0][:20], len(headers)):
                self.in_form(send(text('DELETE', self.task, *headers, token=self.user.token)), 400, 406, 431)

    def test_only_a_valid_token_identifies_a_caller(self):
        basic = base64.b64encode(b'root:' + devstack.PASSWORD.encode()).decode()
        key = STACK.psql('select encode(key, \'hex\') from sessions order by id limit 1')[0][0]
        for value in ('Basic ' + basic, 'Basic', 'Token', 'Token ', 'Token  ' + self.user.token, self.user.token,
                      'Token "' + self.user.token + '"', 'Token ' + self.user.token[:-1],
                      'Token ' + self.user.token + 'A',
                      'Token ' + key, 'Token null', 'Token ' + "' or '1'='1", 'Token ' + 'a' * 7000,
                      'Bearer ' + self.user.token[:20], 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOjF9.',
                      'Token %00', 'Token \xff'):
            for method, path in (('GET', '/api/v1/me'), ('DELETE', self.task)):
                with self.case(value[:60], method):
                    answer = send(text(method, path, 'Authorization: ' + value, 'Remote-User: root',
                                       'X-Remote-User: root', 'REMOTE_USER: root'))
                    self.in_form(answer, 401, code='not_authenticated')
                    self.assertTrue(answer.headers.get('www-authenticate'), answer)

    def test_a_header_cannot_replace_the_address_or_the_method(self):
        for name in ('X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'):
            self.in_form(self.user.post(self.task, {}, headers={name: 'DELETE'}), 405)
            self.in_form(self.user.get(self.task, headers={name: 'DELETE'}), 200)
        self.in_form(self.user.get(self.task + '?_method=DELETE'), 400)
        answer = self.user.post('/api/v1/auth/login', {'username': self.user.username, 'password': devstack.PASSWORD},
                                headers={'X-Forwarded-For': '10.9.9.9', 'X-Real-IP': '10.9.9.9',
                                         'Remote-Addr': '10.9.9.9'})
        self.in_form(answer, 200)
        self.before = None  # a login changes tables
        self.assertEqual(STACK.psql(f'select ip from sessions where user_id = {self.user.id} order by id desc limit 1'),
                         [['127.0.0.1']])

    def test_strange_paths_are_not_found(self):
        for path, *statuses in (('/api/v1/tasks/../../../etc/passwd', 400, 404), ('/../etc/passwd', 400),
                                ('/api/v1/%2e%2e/%2e%2e/%2e%2e/etc/passwd', 400), ('/api/v1/tasks/..%2fusers', 200),
                                ('/api/v1/tasks/%00', 400),
                                (self.task + '%00', 400), (self.task + '%0d%0aX-Injected:%20yes', 404),
                                (self.task + '%0d%0a', 404), (self.task + '%0a', 404), ('/api/v1/tasks/%c0%ae', 404),
                                ('/api/v1/tasks/%ff', 404),
                                ('/api/v1/tasks/%', 400), ('/api/v1/tasks/%zz', 400), ('//api//v1///tasks', 200),
                                (self.task + '//', 200, 404), ('/api/v1/tasks/;x=1', 404), (self.task + ';x=1', 404),
                                ('/api/v1/tasks/a/b/c', 404),
                                (self.task + '?%00', 400), (self.task + '?%zz=1', 400), (self.task + '?%ff', 400),
                                ('/api/v1/tasks?page_size=%00', 400), ('/api/v1/tasks?page_size=1&page_size=2', 400),
                                ('/API/V1/tasks', 404)):
            with self.case(path):
                answer = send(text('GET', path, token=self.user.token))
                self.in_form(answer, *statuses)
                self.assertNotIn('x-injected', answer.headers)

    def test_values_that_are_not_ids_are_not_found(self):
        for value in ('0', '-1', '1.5', '99999999999999999999', '9223372036854775807', '0x1', '1e0', '+1', '%201',
                      '1%20', "1'", '1;drop table tasks', '1 or 1=1', 'null', 'None', '\u0661', 'a' * 500):
            for method, path in [(m, p) for p in ('/api/v1/tasks/{}', '/api/v1/tasks/{}/status', '/api/v1/users/{}',
                                                  '/api/task/{}') for m in ('GET', 'PATCH', 'DELETE')]:
                with self.case(value, method, path):
                    body = {'status': 'Complete'} if method == 'PATCH' and 'status' in path else None
                    self.in_form(STACK.root.request(
                        method, path.format(value if '%' in value else urllib.parse.quote(value)), body), 404, 405)

    def test_sql_in_a_filter_or_an_ordering_has_no_special_meaning(self):
        STACK.root.post('/api/v1/tasks', {'title': 'secret'})
        self.before, lists = tables(), 0
        hostile = ["' or '1'='1", "1; drop table tasks; --", "'); select pg_sleep(9); --", "%' or true --",
                   "x' union select password_hash from credentials --", '\\', '$1', ':body', 'may(tasks.view_all)',
                   '{"a"}', '(select 1)',
                   'id; --', '%', '___', '[[[', '-0', 'NaN', 'now', 'infinity', '1e999', '99999999999999999999', ',',
                   '1,2,', 'true,', '\u0000', 'a' * 257, 'a' * 7000]
        for path in sorted(glob.glob(os.path.join(BUILD, 'describe/*.json'))):
            with open(path) as file:
                endpoints = [e for e in json.load(file)['endpoints'] if e.get('list') and '{' not in e['path']]
            for endpoint in endpoints:
                lists += 1
                caller = self.user if endpoint['asks'] == 'caller' else STACK.root
                names = ['ordering', 'cursor', 'page_size', 'count', 'id', 'password_hash', 'x"; --', *(
                    name + way for name in endpoint['filters'] for way in ('', '__in', '__gte', '__isnull', '__regex'))]
                for name, value in [(name, value) for name in names
                                    for value in (hostile[::4] if SANITIZER else hostile)]:
                    query = urllib.parse.urlencode({name: value})
                    with self.case(endpoint['path'], query[:100]):
                        started = time.monotonic()
                        answer = caller.get(f'{endpoint["path"]}?{query}')
                        self.in_form(answer, 200, 400)
                        self.assertLess(time.monotonic() - started, 5)
                        if caller is self.user:
                            self.assertNotIn(b'"secret"', answer.body)
                        if answer.status == 200 and name in ('code', 'name', 'title', 'search', 'username',
                                                             'first_name', 'last_name'):
                            self.assertEqual([each for each in answer.json['results']
                                              if value.lower() not in json.dumps(each).lower()], [])
        self.assertGreaterEqual(lists, 3)
