"""Monitoring: the counters of /metrics, the log line of each request, and the request id in answers and logs."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import uuid

import devstack
from restarts import wait_for

STACK, BUILD, SANITIZER = None, 'build', ''

METHODS = {'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', '-'}
LINE = re.compile(r'(?P<handler>[a-z_]+): request method=(?P<method>[A-Za-z]{1,20}|-) '
                  r'route=(?P<route>/[A-Za-z0-9_{}/]+|-) status=(?P<status>\d{3}) '
                  r'ms=(?P<ms>\d+\.\d) db_ms=(?P<db_ms>\d+\.\d) bytes=(?P<bytes>\d+)(?: '
                  r'id=(?P<id>[A-Za-z0-9._-]{8,64}))?(?: user=(?P<user>\d+))?')


def parsed(text):
    """The samples of a text in the Prometheus format, version 0.0.4: (name, labels) and value. The parser is strict:
    any violation of the format is an AssertionError."""
    assert text.endswith('\n'), text[-100:]
    samples, types, helped, family, done = {}, {}, set(), None, set()
    for line in text.splitlines():
        if found := re.fullmatch(r'# HELP ([a-z_]+) (\S.*)', line):
            assert found[1] not in helped, line
            helped.add(found[1])
            if family:
                done.add(family)
            family = found[1]
            assert family not in done, f'{family} is in two places'
        elif found := re.fullmatch(r'# TYPE ([a-z_]+) (counter|gauge|histogram)', line):
            assert found[1] == family and family not in types, line
            types[family] = found[2]
        else:
            found = re.fullmatch(
                r'([a-z_]+)\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\} (\d+(?:\.\d+)?(?:e[+-]\d+)?)', line)
            assert found, line
            base = re.sub('_(bucket|sum|count)$', '', found[1]) if types[family] == 'histogram' else found[1]
            assert base == family and (types[family] != 'counter' or base.endswith('_total')), line
            labels = re.findall(r'([a-z]+)="([^"]*)"', found[2])
            assert len(labels) == len(dict(labels)), line
            key = found[1], frozenset(labels)
            assert key not in samples, f'twice: {line}'
            samples[key] = float(found[3])
    assert set(types) == helped
    check_histograms(samples, {name for name, kind in types.items() if kind == 'histogram'})
    return samples


def check_histograms(samples, names):
    """The buckets of each histogram must increase up to its count."""
    for name in names:
        series = {}
        for (sample, labels), value in samples.items():
            if sample == name + '_bucket':
                bound = dict(labels)['le']
                series.setdefault(frozenset(label for label in labels if label[0] != 'le'),
                                  []).append((float(bound), value))
        assert len(series) == len([1 for sample, _ in samples if sample == name + '_count'])
        for labels, buckets in series.items():
            buckets.sort()
            assert [value for _, value in buckets] == sorted(value for _, value in buckets), labels
            assert buckets[-1] == (float('inf'), samples[name + '_count', labels]), labels
            assert (name + '_sum', labels) in samples


class Local(http.client.HTTPConnection):
    """A connection to the metrics server of nginx, which listens on a Unix socket in a dev stack."""

    def __init__(self, path):
        super().__init__('localhost', timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # as in production, with an access log of nginx
        cls.on = devstack.DevStack(BUILD, test=False, deliberate=r'^equipment: fault: .* id=seen\..*$').start()
        cls.addClassCleanup(cls.on.stop)
        cls.root, cls.ann = cls.on.user('root', superuser=True), cls.on.user('ann')

    def ask(self, method='GET', path='/metrics', host='localhost'):
        connection = Local(self.on.env['METRICS'])
        connection.request(method, path, headers={'Host': host})
        response = connection.getresponse()
        answer = devstack.Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer

    def metrics(self):
        answer = self.ask()
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (200, 'text/plain; version=0.0.4; charset=utf-8'))
        return parsed(answer.body.decode())

    def value(self, name, **labels):
        return self.metrics().get(('fettle_' + name, frozenset(labels.items())), 0)

    def requests(self, *handlers):
        """The number of requests that these handlers have answered, by method, route and status."""
        return {tuple(dict(labels)[name] for name in ('method', 'route', 'status')): int(value)
                for (name, labels), value in self.metrics().items()
                if name == 'fettle_http_requests_total' and dict(labels)['handler'] in handlers}

    def settled(self, handler):
        """Waits until no request is in flight: a request is counted after its answer was sent."""
        self.assertTrue(wait_for(lambda: self.value('http_requests_in_flight', handler=handler) == 0))

    def log(self, name='handlers.log'):
        with open(os.path.join(self.on.run, 'log', name)) as file:
            return file.read()

    def line_of(self, name):
        """The log line of the request with this id; there must be exactly one."""
        self.assertTrue(wait_for(lambda: f' id={name}' in self.log()), name)
        lines = [line for line in self.log().splitlines() if f' id={name}' in line and ' request ' in line]
        self.assertEqual(len(lines), 1, lines)
        found = LINE.fullmatch(lines[0])
        self.assertTrue(found, lines[0])
        return found.groupdict()

    @contextlib.contextmanager
    def locked(self, table):
        """Locks the table: every other transaction that reads it has to wait."""
        with subprocess.Popen(['psql', '-XqAt', '-h', self.on.run, '-U', 'fettle', 'fettle'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write(f'begin; lock table {table} in access exclusive mode; select 1;\n')
            holder.stdin.flush()
            self.assertEqual(holder.stdout.readline(), '1\n')
            yield


class Metrics(Case):
    def test_each_request_is_counted_by_its_method_route_and_status(self):
        task = self.ann.post('/api/v1/tasks', {'title': 'Oil'}).json['id']
        self.settled('tasks')
        before = self.requests('tasks', 'equipment')
        self.root.post('/api/v1/equipment', {'name': 'Lathe', 'serial_number': 'METRICS-1'})
        for _ in range(3):
            self.assertEqual(self.ann.get(f'/api/v1/tasks/{task}').status, 200)
            self.assertEqual(self.ann.get(f'/api/v1/tasks/{10**9 + task}').status, 404)
            self.assertEqual(self.ann.get(f'/api/task/{task}').status, 200)
            self.assertEqual(self.on.client().get('/api/v1/tasks').status, 401)
            self.assertEqual(self.root.post('/api/v1/equipment',
                                            {'name': 'Lathe', 'serial_number': 'METRICS-1'}).status, 409)
            self.assertEqual(self.ann.request('BREW', f'/api/v1/tasks/{task}').status, 405)
            self.assertEqual(self.ann.request('HEAD', f'/api/v1/tasks/{task}/').status, 200)
            self.assertEqual(self.ann.request('OPTIONS', '/api/v1/tasks').status, 204)
        one, all_of_them = '/api/v1/tasks/{task_id}', '/api/v1/tasks'
        wanted = {('GET', one, '200'): 6, ('GET', one, '404'): 3, ('GET', all_of_them, '401'): 3,
                  ('POST', '/api/v1/equipment', '201'): 1, ('POST', '/api/v1/equipment', '409'): 3,
                  ('-', one, '405'): 3, ('HEAD', one, '200'): 3, ('OPTIONS', all_of_them, '204'): 3}
        self.settled('tasks')
        self.settled('equipment')
        after = self.requests('tasks', 'equipment')
        self.assertEqual(
            {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}, wanted)

    def test_durations_and_the_time_of_the_database_are_counted(self):
        self.ann.get('/api/v1/health/live')
        self.settled('health')
        before = self.metrics()
        for _ in range(5):
            self.ann.get('/api/v1/health')
            self.ann.get('/api/v1/health/live')
        self.settled('health')
        after = self.metrics()

        def grown(name, **labels):
            key = 'fettle_' + name, frozenset({'handler': 'health', **labels}.items())
            return after[key] - before.get(key, 0)
        with_database, without = ({'method': 'GET', 'route': '/api/v1/health' + end} for end in ('', '/live'))
        self.assertEqual(grown('http_request_duration_seconds_count', **with_database), 5)
        self.assertEqual(grown('http_request_duration_seconds_count', **without), 5)
        self.assertEqual(grown('database_statements_total'), 5)
        spent = grown('database_seconds_total')
        self.assertGreater(spent, 0)
        self.assertGreater(grown('http_request_duration_seconds_sum', **with_database), spent)

    def test_counters_survive_a_restart_and_a_kill(self):
        def known():
            return self.value('http_requests_total', handler='me', method='GET', route='/api/v1/me',
                              status='200'), self.value('process_starts_total', handler='me')
        self.ann.get('/api/v1/me')
        self.settled('me')
        for number in (signal.SIGTERM, signal.SIGKILL):
            answered, starts = known()
            began, old = self.value('process_start_time_seconds', handler='me'), self.on.pids('me')
            self.assertGreater(answered, 0)
            os.kill(old[0], number)
            self.assertTrue(wait_for(lambda: self.on.pids('me') not in ([], old)))
            self.assertEqual(self.ann.get('/api/v1/me').status, 200)
            self.settled('me')
            self.assertEqual(known(), (answered + 1, starts + 1))
            self.assertEqual(self.value('processes', handler='me'), 1)
            self.assertGreater(self.value('process_start_time_seconds', handler='me'), began)

    def test_requests_in_flight_are_counted_until_their_process_ends(self):
        def flying():
            return self.value('http_requests_in_flight', handler='reports')
        self.assertEqual(flying(), 0)
        for kill in (False, True):
            with self.locked('reports'):
                answers = []
                name = f'flight-{uuid.uuid4().hex}'
                asking = threading.Thread(target=lambda: answers.append(self.on.client(self.ann.token).post(
                    '/api/v1/reports', {'title': 'x', 'body': 'y'}, headers={'X-Request-Id': name})))
                asking.start()
                self.assertTrue(wait_for(lambda: flying() == 1, 2))
                old = self.on.pids('reports')
                if kill:
                    os.kill(old[0], signal.SIGKILL)
                    self.assertTrue(wait_for(lambda: self.on.pids('reports') not in ([], old)))
                    self.assertEqual(flying(), 0)
            asking.join()
            self.assertEqual(answers[0].status, 502 if kill else 201)
            self.assertEqual(answers[0].headers['x-request-id'], name)
            self.settled('reports')

    def test_a_broken_connection_to_the_database_is_counted(self):
        self.assertEqual(self.ann.get('/api/v1/roles').status, 403)
        before = self.value('database_connections_lost_total', handler='roles')
        self.assertNotEqual(self.on.psql("select pg_terminate_backend(pid) from pg_stat_activity "
                                         "where application_name = 'fettle_roles'"), [])
        for _ in range(4 * int(self.on.env['FETTLE_WORKERS'])):
            self.ann.get('/api/v1/roles')
        self.settled('roles')
        self.assertGreater(self.value('database_connections_lost_total', handler='roles'), before)

    def test_no_requests_can_create_an_unlimited_number_of_series(self):
        routes = {'-'}
        for name in ('tasks', 'documents', 'auth_login'):
            with open(os.path.join(BUILD, 'describe', name + '.json')) as file:
                routes |= {endpoint['path'] for endpoint in json.load(file)['endpoints']}

        def ask():
            mark = uuid.uuid4().hex
            for method in ('GET', 'BREW', 'X' * 60, f'B{mark[:9].upper()}', 'get', 'DELETE'):
                for path in (f'/api/v1/tasks/{mark}', f'/api/v1/tasks/{mark * 20}', f'/api/v1/tasks/{int(mark, 16)}',
                             f'/api/v1/tasks?{mark}=1', f'/api/v1/documents/{mark}',
                             f'/api/v1/documents/%22%7D{mark}%0A'):
                    with contextlib.suppress(ConnectionError):
                        self.ann.request(method, path)
            self.on.client().post('/api/v1/auth/login', {'username': mark, 'password': mark})
            for handler in ('tasks', 'documents', 'auth_login'):
                self.settled(handler)
            return set(self.metrics())
        first, second = ask(), ask()
        self.assertEqual({series for series in second - first if 'handler' in dict(series[1])}, set())
        of_these = [dict(labels) for name, labels in second if name == 'fettle_http_requests_total'
                    and dict(labels)['handler'] in ('tasks', 'documents', 'auth_login')]
        self.assertGreater(len(of_these), 6)
        for labels in of_these:
            self.assertIn(labels['route'], routes)
            self.assertIn(labels['method'], METHODS)

    def test_every_handler_is_listed_and_the_page_is_served_on_the_loopback_address_only(self):
        started = {dict(labels)['handler'] for name, labels in self.metrics() if name == 'fettle_process_starts_total'}
        self.assertEqual(started, set(os.listdir(os.path.join(BUILD, 'handlers'))))
        self.assertEqual((self.ask('HEAD').status, self.ask('HEAD').body), (200, b''))
        self.assertEqual(self.ask(path='/metrics?name[]=up').status, 200)
        self.assertEqual((self.ask('POST').status, self.ask('POST').headers['allow']), (405, 'GET, HEAD, OPTIONS'))
        self.assertEqual(self.ask(host='127.0.0.1:9464').status, 200)
        self.assertEqual(self.ask(host='attacker.example').json['code'], 'unknown_host')
        for path in ('/', '/metrics/', '/api/v1/health', '/docs/'):
            self.assertEqual(self.ask(path=path).json['code'], 'not_found', path)
        for host in ('localhost', 'localhost:9464', '127.0.0.1', 'fettle_metrics'):
            for path in ('/metrics', '/metrics/', '//metrics', '/%6detrics', '/api/v1/../../metrics'):
                self.assertEqual(self.on.client().get(path, headers={'Host': host}).status, 404, (host, path))
        with open(os.path.join(devstack.ROOT, 'nginx/metrics.conf')) as file:
            self.assertEqual(set(re.findall(r'listen +(\S+?)[ ;]', file.read())), {'127.0.0.1:9464'})


class Lines(Case):
    def asked(self, client, method, path, **more):
        """A request with its own id; the id, the answer and the log line."""
        name = f'seen.{uuid.uuid4().hex}'
        answer = client.request(method, path, headers={'X-Request-Id': name, **more.pop('headers', {})}, **more)
        self.assertEqual(answer.headers['x-request-id'], name)
        return name, answer, self.line_of(name)

    def test_each_request_has_one_line(self):
        nobody, task = self.on.client(), self.ann.post('/api/v1/tasks', {'title': 'Oil'}).json['id']
        for client, method, path, more, handler, shown, route, status in (
                (self.ann, 'GET', f'/api/v1/tasks/{task}', {}, 'tasks', 'GET', '/api/v1/tasks/{task_id}', 200),
                (self.ann, 'GET', f'/api/task/{task}?x=1', {}, 'tasks', 'GET', '/api/v1/tasks/{task_id}', 400),
                (self.ann, 'GET', '/api/v1/tasks?search=lathe', {}, 'tasks', 'GET', '/api/v1/tasks', 200),
                (self.ann, 'GET', '/api/v1/tasks', {'headers': {'Accept': 'text/csv'}}, 'tasks', 'GET', '/api/v1/tasks',
                 200),
                (self.ann, 'HEAD', f'/api/v1/tasks/{task}', {}, 'tasks', 'HEAD', '/api/v1/tasks/{task_id}', 200),
                (self.ann, 'BREW', '/api/v1/tasks', {}, 'tasks', 'BREW', '/api/v1/tasks', 405),
                (self.ann, 'X' * 20, '/api/v1/tasks', {}, 'tasks', 'X' * 20, '/api/v1/tasks', 405),
                (self.ann, 'X' * 21, '/api/v1/tasks', {}, 'tasks', '-', '/api/v1/tasks', 405),
                (self.ann, 'A-B', '/api/v1/tasks', {}, 'tasks', '-', '/api/v1/tasks', 405),
                (self.ann, 'POST', '/api/v1/tasks', {'body': {'title': 'New'}}, 'tasks', 'POST', '/api/v1/tasks', 201),
                (self.ann, 'POST', '/api/v1/tasks',
                 {'body': {'title': 'New'}, 'headers': {'Idempotency-Key': 'a key'.replace(' ', '-')}},
                 'tasks', 'POST', '/api/v1/tasks', 201),
                (self.ann, 'GET', '/api/v1/roles', {}, 'roles', 'GET', '/api/v1/roles', 403),
                (self.ann, 'GET', '/api/v1/users/999999', {}, 'users', 'GET', '/api/v1/users/{user_id}', None),
                (nobody, 'GET', '/api/v1/tasks', {}, 'tasks', 'GET', '/api/v1/tasks', 401),
                (nobody, 'GET', '/api/v1/health', {}, 'health', 'GET', '/api/v1/health', 200),
                (nobody, 'POST', '/api/v1/auth/login', {'body': {'username': 'ann', 'password': 'wrong'}}, 'auth_login',
                 'POST', '/api/v1/auth/login', 401),
                (nobody, 'GET', '/media/document/x/y', {}, 'media', 'GET', '/media/{kind}/{sha256}/{file_name}', 403)):
            with self.subTest(method=method, path=path):
                _, answer, line = self.asked(client, method, path, **more)
                self.assertIn(status, (answer.status, None), answer)
                self.assertEqual((line['handler'], line['method'], line['route'], int(line['status'])),
                                 (handler, shown, route, answer.status))
                self.assertEqual(int(line['bytes']), len(answer.body))
                known = client is self.ann and answer.status not in (400, 405)
                self.assertEqual(line['user'],
                                 str(self.ann.id) if known else line['user'] if client is self.ann else None)
                self.assertLessEqual(float(line['db_ms']), float(line['ms']))
        # after a successful login the line has the user
        _, answer, line = self.asked(nobody, 'POST', '/api/v1/auth/login',
                                     body={'username': 'root', 'password': devstack.PASSWORD})
        self.assertEqual(line['user'], str(self.root.id))
        self.root.token = answer.json['token']

    def test_no_secret_and_no_text_of_the_client_is_in_a_log(self):
        mark = f'secret{uuid.uuid4().hex}'
        name, _, _ = self.asked(self.ann, 'GET', f'/api/v1/tasks/{mark}?{mark}=1', headers={
            'User-Agent': mark, 'Referer': mark, 'Accept': 'application/json;x=' + mark, 'X-Forwarded-For': mark})
        self.asked(self.ann, 'POST', '/api/v1/tasks', body={'title': mark, mark: mark})
        self.asked(self.ann, 'GET', f'/api/v1/tasks?search={mark}&cursor={mark}')
        self.asked(self.on.client(), 'GET', '/api/v1/tasks', headers={'Authorization': f'Token {mark}'})
        self.asked(self.on.client(), 'GET', '/api/v1/tasks', headers={'Authorization': f'Basic {mark}', 'Cookie': mark})
        self.asked(self.on.client(), 'POST', '/api/v1/auth/login', body={'username': mark, 'password': mark})
        bob = self.on.user('bob')
        _, refresh, _ = self.asked(self.on.client(), 'POST', '/api/v1/auth/login',
                                   body={'username': 'bob', 'password': devstack.PASSWORD})
        self.asked(self.on.client(), 'GET', '/api/v1/me', headers={'Authorization': 'Bearer ' + refresh.json['access']})
        self.asked(self.on.client(), 'POST', '/api/v1/auth/refresh', body={'refresh': refresh.json['refresh']})
        log = self.log()
        for secret in (mark, devstack.PASSWORD, bob.token, self.ann.token, refresh.json['access'],
                       refresh.json['refresh'], refresh.json['token'], 'search=', 'cursor='):
            self.assertNotIn(secret, log)
        for line in log.splitlines():
            if ': request ' in line:
                self.assertTrue(LINE.fullmatch(line), line)
        # nginx logs the path, and the id that connects both lines
        lines = [line for line in self.log('nginx-access.log').splitlines() if line.endswith(' ' + name)]
        self.assertEqual(len(lines), 1)
        self.assertIn(f'"GET /api/v1/tasks/{mark}" 400', lines[0])
        self.assertNotIn('?', lines[0])

    def test_every_answer_of_nginx_has_the_id(self):
        client, name = self.on.client(), f'seen.{uuid.uuid4().hex}'
        for method, path, status, more in (('GET', '/nowhere', 404, {}), ('GET', '/api/v1/openapi.json', 200, {}),
                                           ('GET', '/docs', 301, {}), ('POST', '/api/v1/openapi.json', 405, {}),
                                           ('GET', '/' + 'a' * 9000, 414, {}),
                                           ('POST', '/api/v1/tasks', 413, {'raw': b'x' * (2 << 20)}),
                                           ('GET', '/_problem', 404, {}), ('GET', '/_stored/x', 404, {})):
            with self.subTest(path=path[:40]):
                answer = client.request(method, path, headers={'X-Request-Id': name}, **more)
                self.assertEqual(answer.status, status)
                # nginx reads no header of a request whose request line is too long
                self.assertRegex(answer.headers['x-request-id'], '^[0-9a-f]{32}$' if status == 414 else f'^{name}$')
                client.close()
        with socket.create_connection(('127.0.0.1', self.on.port)) as peer:
            peer.sendall(b'no request\r\n\r\n')
            self.assertRegex(peer.makefile('rb').read().decode(), '\r\nX-Request-Id: [0-9a-f]{32}\r\n')

    def test_ids_of_nginx_differ_and_invalid_ids_are_replaced(self):
        names = {self.on.client().get('/api/v1/health/live').headers['x-request-id'] for _ in range(50)}
        self.assertEqual(len(names), 50)
        for sent in ('a=b user=1', 'status=500', 'ten letters', 'ä' * 10, '"' * 10, '%0a%0d%0a%0d', "'; drop",
                     'a/b/c/d/e/f'):
            self.assertRegex(self.on.client().get('/api/v1/health/live', headers={
                'X-Request-Id': sent.encode()}).headers['x-request-id'], '^[0-9a-f]{32}$')

    def test_the_log_line_of_an_error_has_the_id_of_its_request(self):
        name = f'seen.{uuid.uuid4().hex}'
        self.on.psql('alter table equipment rename column location to elsewhere')
        try:
            answer = self.root.get('/api/v1/equipment/1', headers={'X-Request-Id': name})
        finally:
            self.on.psql('alter table equipment rename column elsewhere to location')
        self.assertEqual((answer.status, answer.headers['x-request-id']), (500, name))
        self.assertEqual(self.line_of(name)['status'], '500')
        self.assertRegex(self.log(), rf'(?m)^equipment: fault: .* id={name}$')


class Alone(unittest.TestCase):
    """One handler that answers one request, with its own environment."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='fettle-test-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_one(self, handler='health', path='/health/live', stderr=subprocess.PIPE, **environment):
        environment = {'PATH': os.environ['PATH'], **STACK.env, 'FETTLE_METRICS': self.folder, 'REQUEST_METHOD': 'GET',
                       'SCRIPT_NAME': path, **environment}
        result = subprocess.run([os.path.join(BUILD, 'handlers', handler)], env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=stderr, timeout=60)
        self.assertEqual(result.returncode, 0, result)
        head, _, body = result.stdout.decode().partition('\r\n\r\n')
        return int(head.split()[1]), body, (result.stderr or b'').decode()

    def counted(self):
        _, text, _ = self.run_one('metrics', '/metrics')
        return {name: value for (name, labels), value in parsed(text).items() if dict(labels)['handler'] == 'health'}

    def test_an_invalid_id_or_method_is_replaced(self):
        for sent in ('short', 'x' * 65, 'ten chars \n', 'a b c d e f', 'x' * 8 + '"', 'x' * 8 + '=', '', 'é' * 8):
            _, _, line = self.run_one(REQUEST_ID=sent)
            self.assertTrue(LINE.fullmatch(line.rstrip('\n')) and ' id=' not in line, line)
        self.assertIn(' id=' + 'x' * 64 + '\n', self.run_one(REQUEST_ID='x' * 64)[2])
        for sent in ('GET status=200', 'G\nT', 'X' * 21, 'É', '-', 'A1'):
            status, _, line = self.run_one(REQUEST_METHOD=sent)
            self.assertTrue(status == 405 and LINE.fullmatch(line.rstrip('\n')) and ' method=- ' in line, line)
        status, _, line = self.run_one(path='/nowhere/at/all')
        self.assertTrue(status == 404 and ' route=- ' in line, line)

    def test_a_missing_database_is_logged_with_the_id_and_counted(self):
        status, _, lines = self.run_one(path='/health', PGHOST='/nowhere', REQUEST_ID='the-request')
        self.assertEqual(status, 503)
        *faults, line = lines.splitlines()
        self.assertEqual(len(faults), 2)  # the handler tries again once
        for fault in faults:
            self.assertRegex(fault, '^health: (connection lost, trying again|database): .* id=the-request$')
        self.assertRegex(line, ' status=503 .* id=the-request$')
        self.assertEqual(self.counted()['fettle_database_connections_lost_total'], 2)

    def test_a_full_or_closed_log_blocks_no_request(self):
        for make in (lambda: os.pipe(), lambda: tuple(end.detach() for end in socket.socketpair())):
            reader, writer = make()
            os.set_blocking(writer, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, b'x' * 1000)
            os.set_blocking(writer, True)
            self.assertEqual(self.run_one(stderr=writer)[0], 200)
            os.close(reader)
            self.assertEqual(self.run_one(stderr=writer)[0], 200)
            os.close(writer)
        with open('/dev/full', 'w') as full:
            self.assertEqual(self.run_one(stderr=full)[0], 200)
        counted = self.counted()
        self.assertEqual(counted['fettle_log_lines_lost_total'], 5)
        self.assertEqual(counted['fettle_http_requests_total'], 5)

    def test_lines_of_requests_can_be_turned_off_but_errors_cannot(self):
        self.assertEqual(self.run_one(FETTLE_LOG='faults')[2], '')
        self.assertIn('database: ', self.run_one(path='/health', PGHOST='/nowhere', FETTLE_LOG='faults')[2])
        result = subprocess.run([os.path.join(BUILD, 'handlers/health')], env={**STACK.env, 'FETTLE_LOG': 'all'},
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn('FETTLE_LOG', result.stderr)

    def test_a_handler_without_a_directory_for_counters_serves_and_logs_that_once(self):
        for folder in ('/proc/nowhere', '/dev/null'):
            status, _, lines = self.run_one(FETTLE_METRICS=folder)
            self.assertEqual(status, 200)
            self.assertEqual(len(re.findall('(?m)counters are kept in memory only', lines)), 1, lines)
        self.assertEqual(self.run_one('metrics', '/metrics', FETTLE_METRICS='/proc/nowhere')[0], 200)
