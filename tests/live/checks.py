"""GET /_check, by which a handler reports over its socket whether it fits the database, as --check does; and
`fettle doctor`, which asks all handlers."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import command
import hostile
import smuggling

STACK, BUILD, SANITIZER = None, 'build', ''

MEMBERS = ['handler', 'pid', 'database', 'faults']


def handlers():
    return sorted(os.listdir(os.path.join(BUILD, 'handlers')))


# these use no database
ALONE = {'media', 'metrics'}


class OverTheSocket(command.OwnStack):
    @classmethod
    def setUpClass(cls):
        command.BUILD = BUILD
        super().setUpClass()

    def ask(self, handler, path='/_check', method='GET', **variables):
        """Sends a request to a handler as root or nginx can. Returns status, headers and body."""
        values = smuggling.pairs({'REQUEST_METHOD': method, 'SCRIPT_NAME': path, 'QUERY_STRING': '',
                                  'CONTENT_LENGTH': '0', **variables})
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(os.path.join(self.own.run, 'sockets', handler + '.sock'))
            peer.sendall(smuggling.record(smuggling.BEGIN, b'\0\1' + bytes(6)) +
                         smuggling.record(smuggling.PARAMS, values)
                         + smuggling.record(smuggling.PARAMS) + smuggling.record(smuggling.STDIN))
            got, text = smuggling.read_all(peer, 30), b''
        while len(got) >= 8 and got[1] != smuggling.END:
            length = int.from_bytes(got[4:6], 'big')
            text += got[8:8 + length] if got[1] == smuggling.STDOUT else b''
            got = got[8 + length + got[6]:]
        head, _, body = text.partition(b'\r\n\r\n')
        headers = dict(line.split(': ', 1) for line in head.decode().split('\r\n'))
        return int(headers['Status'].split()[0]), headers, body

    def fault(self, handler, words):
        """Over its socket and with --check, the handler must report that it does not fit, with these words."""
        status, _, body = self.ask(handler)
        self.assertEqual(status, 503, body)
        said = json.loads(body)['faults']
        self.assertRegex('\n'.join(said), words)
        checked = self.check(handler)
        self.assertEqual(checked.returncode, 1, checked)
        self.assertRegex(checked.stderr, words)
        return said

    def check(self, handler, **more):
        settings = {**self.own.env, **more}
        return subprocess.run([os.path.join(BUILD, 'handlers', handler), '--check'], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, **settings})

    def test_every_handler_fits_and_reports_its_name(self):
        for handler in handlers():
            with self.subTest(handler=handler):
                status, headers, body = self.ask(handler)
                self.assertEqual((status, headers['Content-Type'], headers['Cache-Control']),
                                 (200, 'application/json', 'no-store'), body)
                said = json.loads(body)
                self.assertEqual(list(said), MEMBERS)
                self.assertEqual((said['handler'], said['faults']), (handler, []))
                self.assertIn(said['pid'], self.own.pids(handler))
                self.assertEqual(said['database'], handler not in ALONE)

    def test_requests_from_nginx_and_other_methods_get_404(self):
        for case in ({'REMOTE_ADDR': '127.0.0.1'}, {'method': 'POST'}, {'method': 'OPTIONS'}, {'path': '/_check/x'},
                     {'path': '/_checks'}):
            with self.subTest(case=case):
                status, _, body = self.ask('tasks', **case)
                self.assertEqual((status, json.loads(body)['code']), (404, 'not_found'))

    def test_a_check_leaves_no_prepared_statement(self):
        # more often than there are workers: PostgreSQL would refuse a statement name that already exists
        for _ in range(9):
            self.assertEqual(self.ask('equipment')[0], 200)
        self.own.psql('alter table equipment rename column name to title')
        try:
            for _ in range(9):
                self.fault('equipment', 'name')
        finally:
            self.own.psql('alter table equipment rename column title to name')
        for _ in range(9):
            self.assertEqual(self.ask('equipment')[0], 200)

    def test_missing_tables_and_columns_are_named(self):
        said = {}
        for wrong, mend, handler, words in (
                ('alter table tasks rename column title to titel', 'alter table tasks rename column titel to title',
                 'tasks', r'GET /api/v1/tasks.*title'),
                ('alter table readings rename to lectures', 'alter table lectures rename to readings',
                 'equipment_readings', r'relation "readings" does not exist'),
                ('alter table sessions rename column expires_at to ends_at',
                 'alter table sessions rename column ends_at to expires_at', 'me', r'expires_at')):
            with self.subTest(words=words):
                self.own.psql(wrong)
                try:
                    said[handler] = self.fault(handler, words)
                    self.assertEqual(self.ask('media')[0], 200)
                finally:
                    self.own.psql(mend)
                self.assertEqual(self.ask(handler)[0], 200)
        # each statement once, even if several endpoints share it
        self.assertTrue(all(len(set(faults)) == len(faults) for faults in said.values()), said)

    def test_missing_privileges_of_the_role_are_named(self):
        self.own.psql('create role reader login; grant usage on schema public to reader; grant select on all tables '
                      'in schema public to reader; grant update (last_used_at, expires_at) on sessions to reader')
        try:
            self.assertEqual(self.check('permissions', PGUSER='reader').returncode, 0)
            refused = self.check('tasks', PGUSER='reader')
            self.assertEqual(refused.returncode, 1, refused)
            self.assertRegex(refused.stderr, r'POST /api/v1/tasks: .*permission denied for table tasks')
            self.assertNotIn('GET ', refused.stderr)
            self.own.psql('revoke select on sessions from reader')
            self.assertRegex(self.check('permissions', PGUSER='reader').stderr, 'permission denied for table sessions')
        finally:
            self.own.psql('drop owned by reader; drop role reader')

    def test_unreadable_keys_are_reported(self):
        path = self.own.env['FETTLE_KEYS']
        os.rename(path, path + '.away')
        os.mkdir(path)
        try:
            self.fault('media', re.escape(path))
            self.fault('tasks', re.escape(path))
        finally:
            os.rmdir(path)
            os.rename(path + '.away', path)
        self.assertEqual(self.ask('media')[0], 200)

    def test_a_check_does_not_wait_long_for_a_locked_table(self):
        # tasks has twenty statements with that table, and each of them could wait for two seconds
        with subprocess.Popen(['psql', '-Xq', '-h', self.own.run, '-U', 'fettle', 'fettle'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as other:
            other.stdin.write('begin; lock table tasks in access exclusive mode; \\echo held\n')
            other.stdin.flush()
            self.assertEqual(other.stdout.readline(), 'held\n')
            status, _, body = self.ask('tasks')
            other.stdin.write('rollback;\n')
            other.stdin.close()
            self.assertEqual((status, len(json.loads(body)['faults'])), (503, 1), body)
        self.assertEqual(self.ask('tasks')[0], 200)

    def test_handlers_that_need_the_database_report_that_it_does_not_answer(self):
        away = self.own.run + '/.s.PGSQL.5432'
        os.rename(away, away + '.away')
        try:
            self.end_connections(away + '.away')
            self.fault('tasks', 'the database does not answer')
            self.fault('auth_refresh', 'the database does not answer')
            self.assertEqual(self.ask('media')[0], 200)
            code, lines = self.doctor()
            self.assertEqual(code, 1)
            [(verdict, why)] = lines['handlers']
            self.assertEqual(verdict, 'FAIL')
            self.assertIn('the database does not answer', why)
            self.assertNotIn('media', why)
        finally:
            os.rename(away + '.away', away)
        self.assertEqual(self.ask('tasks')[0], 200)

    def end_connections(self, at):
        """Ends every connection of a handler, through the socket that was moved to this path."""
        os.symlink(os.path.basename(at), self.own.run + '/.s.PGSQL.5433')
        try:
            # as superuser: others do not see what the backends of other roles are; waits up to 5 s for each
            subprocess.run(['psql', '-Xq', '-h', self.own.run, '-p', '5433', '-U', 'postgres', 'fettle', '-c',
                            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> "
                            "pg_backend_pid() and backend_type = 'client backend'"],
                           check=True, capture_output=True)
        finally:
            os.unlink(self.own.run + '/.s.PGSQL.5433')

    def test_the_doctor_names_an_unhealthy_handler_and_one_that_does_not_answer(self):
        self.own.psql('alter table tasks rename column due_date to due')
        try:
            code, lines = self.doctor()
            self.assertEqual(code, 1)
            self.assertTrue(any(verdict == 'FAIL' and re.search(r'\btasks\b.*is not healthy: .*due_date', why)
                                for verdict, why in lines['handlers']), lines['handlers'])
        finally:
            self.own.psql('alter table tasks rename column due to due_date')
        [silent] = self.own.pids('me')
        os.kill(silent, signal.SIGSTOP)
        try:
            began = time.monotonic()
            code, lines = self.doctor()
            [(verdict, why)] = lines['handlers']
            self.assertEqual((code, verdict), (1, 'FAIL'))
            self.assertTrue(why.startswith('me did not answer in time; see handlers.log'), why)
            self.assertLess(time.monotonic() - began, 60)  # not a measurement: it must end by itself
        finally:
            os.kill(silent, signal.SIGCONT)
        self.assertEqual(self.doctor()[1]['handlers'][0][0], 'ok')

    def test_the_doctor_parses_responses_strictly(self):
        record, good = smuggling.record, json.dumps({'handler': 'me', 'pid': 1, 'database': True, 'faults': []})

        def answer(body, status='200 OK', length=None, end=b'\0' * 8):
            head = f'Status: {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n'
            return record(smuggling.STDOUT,
                          (head + body).encode()) + record(smuggling.STDOUT) + record(smuggling.END, end)
        dripping = record(smuggling.STDOUT, b'x' * 60000)  # byte by byte, until the reader closes the connection
        cases = ((answer(good), None), (b'', 'closed the connection before'),
                 (b'HTTP/1.1 200 OK\r\n\r\n', 'does not speak FastCGI'),
                 (answer(good)[:-1], 'closed the connection before'),
                 (answer(good, length=9999), 'whose size is not its Content-Length'),
                 (answer(good, length='x'), 'that is not a number'),
                 (record(smuggling.STDOUT, b'x') + record(smuggling.END, b'\0' * 8), 'without headers'),
                 (answer(good, end=b'\0' * 4 + b'\2\0\0\0'), 'refused the request'),
                 (record(smuggling.STDOUT, b'x', request=2), 'does not speak FastCGI'),
                 (record(smuggling.PARAMS, b'x'), 'does not speak FastCGI'),
                 (record(smuggling.STDOUT, b'x' * 65000) * 20, 'more than 1 MiB'),
                 (answer(good, status='404 Not Found'), 'with status 404'), (answer('[]'), 'with status 200'),
                 (answer('{"handler":'), 'with status 200'),
                 (answer('{"handler":"me","pid":"1","database":true,"faults":[]}'), 'of another form'),
                 (answer('{"handler":"me"}'), 'of another form'),
                 (answer(good.replace('me', 'you')), 'is answered by the handler you'),
                 (answer(good.replace('[]', '["oil"]'), status='503 Service Unavailable'), 'is not healthy: oil'),
                 (dripping, 'did not answer in time'))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'me.sock')
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                os.chmod(path, 0o600)
                listener.listen()

                def serve():
                    for data, _ in cases:
                        peer, _ = listener.accept()
                        with peer:
                            smuggling.read_all(peer, 0.2)
                            with contextlib.suppress(OSError):
                                for piece in (data[i:i + 1] for i in range(len(data))) if data is dripping else [data]:
                                    peer.sendall(piece)
                                    time.sleep(0.02 if data is dripping else 0)
                thread = threading.Thread(target=serve)
                thread.start()
                for data, words in cases:
                    with self.subTest(words=words, data=data[:100]):
                        found = [why for verdict, why in self.doctor(FETTLE_SOCKETS=folder)[1]['handlers']
                                 if why.startswith('me ')]
                        self.assertEqual(len(found), 1 if words else 0, found)
                        self.assertIn(words or '', ''.join(found))
                thread.join()

    def test_the_doctor_counts_the_connections_of_handlers_that_use_the_database(self):
        [(verdict, why)] = self.doctor()[1]['connections']
        self.assertEqual(verdict, 'ok')
        count = len(set(handlers()) - ALONE)
        self.assertIn(f'{count} handlers with 4 workers take up to {4 * count}', why)

    def test_the_doctor_finds_a_clock_that_is_behind_stored_times(self):
        self.assertEqual(self.doctor()[1]['clock'][0][0], 'ok')
        self.own.psql("update migrations set applied_at = now() + interval '1 hour' where name like '001%'")
        try:
            [(verdict, why)] = self.doctor()[1]['clock']
            self.assertEqual(verdict, 'FAIL')
            self.assertRegex(why, '^the newest migration or row of the audit trail was written at 2.* in the future')
        finally:
            self.own.psql('update migrations set applied_at = now() where applied_at > now()')
        with open(self.own.env['FETTLE_KEYS']) as file:
            keys = file.read()
        future, count = re.subn(r'(?m)^(access \S+) \d+', rf'\g<1> {int(time.time()) + 3600}', keys)
        self.assertGreater(count, 0)
        # a temporary file has the mode 0600
        with tempfile.NamedTemporaryFile('w', dir=os.path.dirname(self.own.env['FETTLE_KEYS'])) as copy:
            copy.write(future)
            copy.flush()
            os.chown(copy.name, os.stat(self.own.env['FETTLE_KEYS']).st_uid, -1)
            [(verdict, why)] = self.doctor(FETTLE_KEYS=copy.name)[1]['keys']
        self.assertEqual(verdict, 'FAIL')
        self.assertIn('in the future', why)

    @unittest.skipUnless(os.geteuid() == 0, 'only root can mount and give files away')
    def test_the_doctor_finds_a_full_disk_and_a_socket_of_another_user(self):
        full = os.path.join(self.own.data, 'full')
        os.mkdir(full)
        script = (f'mount -t tmpfs -o size=1m,mode=750 full {full} && head -c 1000000 /dev/zero > {full}/ballast && '
                  f'exec {os.path.abspath(BUILD)}/fettle doctor')
        result = subprocess.run(['unshare', '--mount', 'sh', '-c', script], capture_output=True, text=True,
                                env=self.environment(FETTLE_STORAGE=full), timeout=120)
        self.assertRegex(result.stdout, rf'(?m)^FAIL +disk +\d\.\d % of the disk of {full} are free; delete files')
        path = os.path.join(self.own.run, 'sockets', 'me.sock')
        owner = os.stat(path)
        os.chown(path, owner.st_uid + 1, owner.st_gid)
        try:
            [(verdict, why)] = self.doctor()[1]['sockets']
            self.assertEqual(verdict, 'FAIL')
            self.assertTrue(why.startswith(f'{path} must belong to the owner of its directory; '), why)
        finally:
            os.chown(path, owner.st_uid, owner.st_gid)


class ThroughNginx(unittest.TestCase):
    """No request of a client through nginx reaches /_check."""
    def setUp(self):
        hostile.STACK = STACK

    def test_no_spelling_of_the_path_reaches_a_handler(self):
        port = STACK.port
        paths = ['/_check', '/_check/', '//_check', '/%5fcheck', '/%5Fcheck', '/_chec%6b', '/%2f_check', '/./_check',
                 '/x/../_check', '/api/../_check', '/api/v1/../../_check', '/api/v1/tasks/../../../_check',
                 '/api/v1/tasks/..%2f..%2f..%2f_check',
                 '/api/v1/tasks/%2e%2e/%2e%2e/%2e%2e/_check', '/docs/../_check', '/docs/_check', '/media/../_check',
                 '/_check?x', '/_check;x', '/_check%00', '/_check%20', '/_check.', '/_CHECK', '/api/v1/_check',
                 '/api/v1/tasks/_check', '/api/v1/health/_check',
                 '/_stored/../_check', f'http://localhost:{port}/_check', 'http://localhost/_check',
                 'http://elsewhere/_check', '/.//_check', '/_check/..//_check', '/api/v1/openapi.json/../../../_check']
        for path in paths:
            for method in ('GET', 'HEAD', 'POST', 'OPTIONS'):
                with self.subTest(path=path, method=method):
                    answer = hostile.send(hostile.text(method, path,
                                                       *(['Content-Length: 0'] if method == 'POST' else [])))
                    self.assertNotIn(b'"faults"', answer.body)
                    if method != 'OPTIONS':  # it may succeed for a task with that name
                        self.assertNotEqual(answer.status // 100, 2, answer)
                    self.assertNotEqual(answer.status, 503, answer)

    def test_no_header_changes_the_path(self):
        for header in ('X-Original-URL', 'X-Rewrite-URL', 'Script-Name', 'SCRIPT_NAME', 'Request-Uri',
                       'X-Accel-Redirect', 'X-Forwarded-Prefix', 'Path-Info'):
            with self.subTest(header=header):
                answer = hostile.send(hostile.text('GET', '/api/v1/health', f'{header}: /_check', 'Remote-Addr:'))
                self.assertNotIn(b'"faults"', answer.body)

    def test_no_location_of_nginx_matches_it(self):
        with open(os.path.join(BUILD, 'nginx/routes.conf')) as file:
            text = file.read()
        self.assertNotIn('_check', text)
        patterns = re.findall(r'^location ~ (\S+) ', text, re.MULTILINE)
        self.assertGreater(len(patterns), 20)
        self.assertEqual(
            [pattern for pattern in patterns if re.search(pattern, '/_check') or re.search(pattern, '/_check/')], [])
