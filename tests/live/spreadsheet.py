"""Lists as CSV: the same rows as in JSON, whatever they contain; memory stays flat, no file is left, and no other
request has to wait."""
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import races
import restarts
import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

WORKERS = 6
CSV = {'Accept': 'text/csv'}
NASTY = ['=1+1', '+1', '-1', '@sum(a1)', '\ttab', 'quote " quote', '"', 'a,b', 'line\nline', 'line\r\nline\r',
         '\rreturn', ' =1', "'=1", 'größe 単位 🙂', 'x' * 150, ';', '=cmd|\' /C calc\'!A0', '""', ',', '=', '\\N', 'null',
         '0012', '="a,b"\n']


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Spreadsheet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # its own small disk, if it can be mounted; half of the workers can have 20 MiB there at the same time
        cls.spool = tempfile.mkdtemp(prefix='fettle-spool-')
        cls.addClassCleanup(shutil.rmtree, cls.spool, ignore_errors=True)
        cls.small = (os.geteuid() == 0 and subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=128m,mode=1777', 'tmpfs',
                                                           cls.spool], capture_output=True).returncode == 0)
        if cls.small:
            cls.addClassCleanup(subprocess.run, ['umount', cls.spool])
        os.chmod(cls.spool, 0o1777)
        cls.on = devstack.DevStack(BUILD, FETTLE_WORKERS=str(WORKERS), TMPDIR=cls.spool).start()
        cls.addClassCleanup(cls.on.stop)
        cls.root = cls.on.user('root', superuser=True)
        cls.user = cls.on.user('author')
        texts = 'array[' + ', '.join(quoted(text) for text in NASTY) + ']'
        cls.on.psql(f"""
            set session_replication_role = replica;
            insert into equipment (id, name, serial_number, location) overriding system value
                select n, 'Lathe', n, ({texts})[n] from generate_series(1, {len(NASTY)}) n;
            insert into tasks (title, description, due_date, author, "user", priority_level)
                select ({texts})[n % {len(NASTY)} + 1],
                       case n % 5 when 0 then null when 1 then '' else ({texts})[n % 7 + 1]
                       || repeat(({texts})[n % 11 + 1], n % 30) end,
                       case when n % 4 > 0 then date '2026-01-01' + n % 100 end, {cls.user.id}, {cls.user.id},
                       (array['Low', 'Medium', 'High'])[n % 3 + 1]
                  from generate_series(1, 3500) n;
            analyze""")

    def tearDown(self):
        self.assertTrue(restarts.wait_for(lambda: not [name for name in os.listdir(self.spool)
                                                       if name.startswith('fettle-')]), os.listdir(self.spool))

    def pages(self, who, path):
        """All rows of a list as JSON, page by page."""
        rows, where = [], path + ('&' if '?' in path else '?') + 'page_size=200'
        while where:
            answer = who.get(where)
            self.assertEqual(answer.status, 200, answer)
            rows += answer.json['results']
            where = answer.json['next'] and answer.json['next'].split(str(self.on.port), 1)[1]
        return rows

    def table(self, answer):
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (200, 'text/csv; charset=utf-8; header=present'), answer)
        self.assertEqual(int(answer.headers['content-length']), len(answer.body))
        return list(csv.reader(io.StringIO(answer.body.decode(), newline=''), strict=True))

    def cell(self, value):
        """A value as its CSV cell."""
        if value is None:
            return ''
        if isinstance(value, str):
            return "'" + value if value[:1] in tuple('=+-@\t\r') else value
        return value if isinstance(value, (list, dict)) else json.dumps(value)

    def compare(self, who, path):
        names, *lines = self.table(who.get(path, headers=CSV))
        rows = self.pages(who, path)
        self.assertEqual(len(lines), len(rows), path)
        for line, row in zip(lines, rows):
            self.assertEqual(list(row), names)
            for name, found in zip(names, line):
                expected = self.cell(row[name])
                self.assertEqual(json.loads(found) if isinstance(expected, (list, dict)) else found, expected,
                                 (path, name))
        return len(rows)

    # -- content

    def test_the_rows_are_those_of_the_pages_in_the_same_order(self):
        for query, least in (('', 3500), ('?ordering=due_date,-title', 3500), ('?ordering=-due_date', 3500),
                             ('?ordering=title&priority_level=High', 1100), ('?search=quote', 100),
                             ('?due_date__isnull=true', 800), ('?title=nowhere', 0)):
            self.assertGreaterEqual(self.compare(self.user, '/api/v1/tasks' + query), least, query)

    def test_every_other_list_is_available_as_csv(self):
        # lists that change with each request are left out: the trail and the caller's own sessions
        self.root.post('/api/v1/equipment/1/readings', {'hours': '5.00'})
        order = self.root.post('/api/v1/tasks', {'title': 'order', 'equipment': 1}).json['id']
        self.root.post('/api/v1/maintenance', {'task': order, 'description': '=1+1', 'cost': '12.50',
                                               'parts': [{'name': 'oil, "best"', 'quantity': 2}]})
        self.root.post('/api/v1/schedules', {'equipment': 1, 'title': '@oil', 'every_days': 7})
        for path in ('/equipment', '/equipment/1/readings', '/maintenance', '/schedules', '/users', '/roles',
                     '/permissions', f'/tasks/{order}/history', '/tasks/completed', '/auth/tokens'):
            self.compare(self.root, '/api/v1' + path)

    def test_no_cell_is_a_formula(self):
        names, *lines = self.table(self.user.get('/api/v1/tasks', headers=CSV))
        titles = {line[names.index('title')] for line in lines}
        self.assertLessEqual({self.cell(text) for text in NASTY}, titles)
        for line in lines:
            for name, cell in zip(names, line):
                self.assertNotIn(cell[:1], tuple('=+-@\t\r'), (name, cell))

    def test_the_bytes_conform_to_rfc_4180(self):
        body = self.user.get('/api/v1/tasks?title=quote', headers=CSV).body.decode()
        self.assertTrue(body.endswith('\r\n') and not body.startswith('\ufeff'))
        self.assertEqual(body.split('\r\n', 1)[0].split(',')[:3], ['id', 'title', 'description'])
        self.assertEqual(self.user.get('/api/v1/tasks?title=nowhere', headers=CSV).body.count(b'\r\n'), 1)

    def test_a_head_has_the_headers_and_no_body(self):
        whole, head = (self.user.request(method, '/api/v1/tasks?ordering=title', headers=CSV)
                       for method in ('GET', 'HEAD'))
        self.assertEqual((head.status, head.body), (200, b''))
        for name in ('content-type', 'content-length', 'content-disposition', 'vary', 'cache-control'):
            self.assertEqual(head.headers[name], whole.headers[name])
        self.assertEqual(whole.headers['content-disposition'], 'attachment; filename="tasks.csv"')
        self.assertIn('Accept', whole.headers['vary'])

    def test_errors_are_problems_in_json(self):
        eve = self.on.user()
        self.on.psql(f'delete from user_roles where user_id = {eve.id}')
        for who, path, status, code in (
                (self.on.client(), '/tasks', 401, 'not_authenticated'),
                (self.on.client('a' * 43), '/tasks', 401, 'not_authenticated'),
                (eve, '/audit', 403, 'permission_missing'), (self.user, '/equipment/999999/readings', 404, 'not_found'),
                (self.user, '/nothing', 404, 'not_found'), (self.user, '/tasks?page_size=5', 400, 'invalid'),
                (self.user, '/tasks?cursor=abc', 400, 'invalid'), (self.user, '/tasks?count=exact', 400, 'invalid'),
                (self.user, '/tasks?x=1', 400, 'invalid')):
            for method in ('GET', 'HEAD'):
                answer = who.request(method, '/api/v1' + path, headers=CSV)
                self.assertEqual((answer.status, answer.headers['content-type']), (status, 'application/problem+json'),
                                 (path, answer))
                if method == 'GET':
                    self.assertEqual(answer.json['code'], code)
                    self.assertEqual(list(answer.json.get('errors', {})),
                                     [path.split('?')[1].split('=')[0]] if status == 400 else [])
        self.assertEqual(self.user.get(f'/api/v1/users/{self.user.id}', headers=CSV).status, 406)

    def test_a_client_that_accepts_both_gets_the_preferred_type(self):
        for accept, kind in (('text/csv', 'text/csv'), ('text/csv, application/json', 'application/json'),
                             ('text/csv, application/json;q=0.9', 'text/csv'),
                             ('text/csv;q=0.5, application/json', 'application/json'),
                             ('text/csv;q=0.5, application/json;q=0.4', 'text/csv'),
                             ('text/*, application/json;q=0.1', 'text/csv'), ('*/*', 'application/json'),
                             ('text/csv;q=0, */*', 'application/json'), ('text/csv, */*;q=0.1', 'text/csv'),
                             ('TEXT/CSV', 'text/csv'), ('text/csv; header=present', 'text/csv'),
                             ('text/html, text/csv;q=0.2', 'text/csv'), ('text/csv;q=0', None), ('text/html', None)):
            answer = self.user.get('/api/v1/tasks?title=quote', headers={'Accept': accept})
            self.assertEqual((answer.status, answer.headers['content-type'].split(';')[0]),
                             (200, kind) if kind else (406, 'application/problem+json'), accept)

    # -- cost

    def many(self):
        """60,000 tasks that only superusers see; about 20 MiB as CSV."""
        if not getattr(Spreadsheet, 'has_many', False):
            self.on.psql(f"""set session_replication_role = replica;
                insert into tasks (title, description, author, "user")
                    select 'much ' || n, repeat('much ', 50), {self.root.id}, {self.root.id}
                           from generate_series(1, 60000) n;
                analyze""")
            Spreadsheet.has_many = True

    def memory(self):
        """The resident memory of the handler, in KiB."""
        with open(f'/proc/{self.on.pids("tasks")[0]}/status') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))

    def test_a_long_list_needs_no_more_memory_than_a_short_one(self):
        self.many()
        # first each worker gets its connection and the memory of its first pages
        for _ in range(2):
            self.assertEqual({answer.status for answer
                              in races.together([self.act('/api/v1/tasks?title=quote')] * (WORKERS // 2))}, {200})
        for _ in range(WORKERS * 3):
            self.assertEqual(self.root.get('/api/v1/tasks?title=quote', headers=CSV).status, 200)
        small = self.memory()
        for _ in range(2):
            self.assertEqual(len(self.table(self.root.get('/api/v1/tasks?title=much', headers=CSV))), 60001)
        if not SANITIZER:
            self.assertLessEqual(self.memory() - small, 4096)

    def act(self, path):
        return races.Act('GET', path, None, self.root.token, CSV, on=self.on)

    def test_lists_as_csv_leave_half_of_the_workers_to_other_requests(self):
        self.many()
        over, others = threading.Event(), []

        def work():
            client = self.on.client(self.root.token)
            while not over.is_set():
                started = time.monotonic()
                others.append((client.get('/api/v1/tasks?page_size=1').status, time.monotonic() - started))
            client.close()
        thread = threading.Thread(target=work)
        thread.start()
        answers = races.together([self.act('/api/v1/tasks?title=much')] * (WORKERS * 2))
        over.set()
        thread.join()
        self.assertEqual({answer.status for answer in answers}, {200, 503}, answers)
        for answer in answers:
            if answer.status == 503:
                self.assertGreaterEqual(int(answer.headers['retry-after']), 1)
                self.assertEqual(answer.headers['content-type'], 'application/problem+json')
            else:
                self.assertEqual(answer.body.count(b'\r\n'), 60001)
        self.assertEqual({status for status, _ in others}, {200})
        self.assertGreater(len(others), 5)
        self.assertLess(max(took for _, took in others), 5)  # a worker was free, although the processors were busy
        self.assertEqual(self.act('/api/v1/tasks?title=much')(self.root).status, 200)  # the workers are free again

    def test_clients_that_do_not_read_their_list_block_no_other_client(self):
        self.many()
        slow = []
        try:
            for _ in range(WORKERS + 2):
                peer = socket.socket()
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                peer.connect(('127.0.0.1', self.on.port))
                peer.sendall(f'GET /api/v1/tasks?title=much HTTP/1.1\r\nHost: localhost\r\nAccept: '
                             f'text/csv\r\nAuthorization: Token {self.root.token}\r\n\r\n'.encode())
                slow.append(peer)
                time.sleep(0.7)  # one after the other, so that each finds a free worker
            for _ in range(10):
                started = time.monotonic()
                self.assertEqual(self.root.get('/api/v1/tasks?page_size=1').status, 200)
                self.assertLess(time.monotonic() - started, 5 if SANITIZER else 2)
        finally:
            for peer in slow:
                peer.close()
        # a list is completed even if its client has disconnected
        self.assertTrue(
            restarts.wait_for(lambda: self.root.get('/api/v1/tasks?title=nowhere', headers=CSV).status == 200, 60))

    def test_a_client_that_disconnects_leaves_no_file(self):
        self.many()
        for _ in range(2):
            with socket.create_connection(('127.0.0.1', self.on.port)) as peer:
                peer.sendall(f'GET /api/v1/tasks?title=much HTTP/1.1\r\nHost: localhost\r\nAccept: '
                             f'text/csv\r\nAuthorization: Token {self.root.token}\r\n\r\n'.encode())
                peer.recv(1000)
        files = f'/proc/{self.on.pids("tasks")[0]}/fd'
        self.assertTrue(
            restarts.wait_for(lambda: not any(self.spool in os.readlink(f'{files}/{fd}') for fd in os.listdir(files)
                                              if os.path.lexists(f'{files}/{fd}')), 20), 'a spooled file is still held')

    def test_a_full_disk_is_reported_and_the_handler_recovers(self):
        if not self.small:
            self.skipTest('no small disk without root')
        self.many()
        with open(os.path.join(self.spool, 'ballast'), 'ab') as ballast:
            pass
        try:
            # a list whose client has disconnected may still be in progress, and release its space later
            for _ in range(20):
                with open(ballast.name, 'ab') as ballast:
                    free = os.statvfs(self.spool)
                    ballast.write(bytes(max(0, free.f_bavail * free.f_frsize - (2 << 20))))
                answer = self.root.get('/api/v1/tasks?title=much', headers=CSV)
                if answer.status != 200:
                    break
            self.assertEqual((answer.status, answer.headers['content-type'], answer.json['code']),
                             (507, 'application/problem+json', 'no_room'), answer)
            self.assertEqual(self.root.get('/api/v1/tasks?title=quote', headers=CSV).status, 200)
            self.assertEqual(self.root.get('/api/v1/tasks').status, 200)
        finally:
            os.remove(ballast.name)
        self.assertEqual(self.root.get('/api/v1/tasks?title=much', headers=CSV).status, 200)
