"""A separate Fettle for tests: nginx, handlers and PostgreSQL as in `make run`, on a free port and with own data."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PASSWORD = 'correct horse battery'
# libpqxx 6.4 does not free the result of a statement when the connection breaks; LeakSanitizer reports that at exit
BROKEN_LINKS = r'^==\d+==ERROR: LeakSanitizer: detected memory leaks$'

reserved_ports = []  # sockets whose names reserve the ports that free_port() returned to this process
running = []         # dev stacks that were started and not stopped yet
# the logs of each stopped dev stack, without the lines that its tests cause on purpose
stopped_logs = []


def free_port():
    """A free port, which no other process gets from here before this one ends. It is below the ephemeral range (32768
    to 60999 on Linux), so that no outgoing connection uses it. RuntimeError if no port is free."""
    for _ in range(100):
        port = random.randint(20000, 32000)
        # a name in the abstract namespace of Unix sockets becomes free when its process ends, even if it is killed
        name = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                name.bind(f'\0fettle-test-port-{port}')
                probe.bind(('127.0.0.1', port))
            except OSError:
                name.close()
                continue
        reserved_ports.append(name)
        return port
    raise RuntimeError('no free port between 20000 and 32000')


def stop_all():
    """Stops all dev stacks of this process that still run."""
    with contextlib.ExitStack() as stops:  # stops all, even if one fails to stop
        for stack in running:
            stops.callback(stack.stop)


class Answer:
    """Status, headers (with lower-case names) and body of an answer; .json is the parsed body."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.status} {self.body[:500]!r}'


class Client:
    """An HTTP client that keeps its connection open; it sends token as Authorization: Token."""

    def __init__(self, port, token=None, timeout=30):
        self.port, self.token, self.timeout = port, token, timeout
        self.connection = None

    def request(self, method, path, body=None, form=None, raw=None, headers=None):
        """Sends body as JSON, form as urlencoded, raw unchanged (its Content-Type must be in headers)."""
        headers = dict(headers or {})
        if self.token and 'Authorization' not in headers:
            headers['Authorization'] = 'Token ' + self.token
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            headers.setdefault('Content-Type', 'application/json')
        elif form is not None:
            data = urllib.parse.urlencode(form).encode()
            headers.setdefault('Content-Type', 'application/x-www-form-urlencoded')
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=self.timeout)
            fresh = self.connection.sock is None
            try:
                self.connection.request(method, path, body=data, headers=headers)
                response = self.connection.getresponse()
                return Answer(response.status, response.getheaders(), response.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if fresh or attempt:  # a kept connection can be closed at any time; a new one must not be
                    raise

    def get(self, path, **kw): return self.request('GET', path, **kw)
    def post(self, path, body=None, **kw): return self.request('POST', path, body, **kw)
    def put(self, path, body=None, **kw): return self.request('PUT', path, body, **kw)
    def patch(self, path, body=None, **kw): return self.request('PATCH', path, body, **kw)
    def delete(self, path, **kw): return self.request('DELETE', path, **kw)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class DevStack:
    """Starts tools/dev/stack and stops it. Settings are environment variables such as FETTLE_REGISTRATION; deliberate
    is a pattern of log lines that the tests cause on purpose."""

    def __init__(self, build, test=True, deliberate=None, **settings):
        self.build, self.test, self.deliberate, self.settings = os.path.abspath(build), test, deliberate, settings
        self.data = tempfile.mkdtemp(prefix='fettle-test-')
        self.port = free_port()
        self.users = 0

    def start(self):
        """Returns the stack itself when all services answer; RuntimeError with the output if it does not start."""
        command = ['setpriv', '--pdeathsig', 'TERM', os.path.join(ROOT, 'tools/dev/stack'),
                   '--build', self.build, '--data', self.data, '--port', str(self.port),
                   *(['--test'] if self.test else [])]
        self.log = open(os.path.join(self.data, 'devstack.log'), 'w+')
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        env={**os.environ, **self.settings}, start_new_session=True)
        running.append(self)
        deadline = time.monotonic() + 120
        while not os.path.exists(os.path.join(self.data, 'env')):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log.name) as file:
                    said = file.read()
                self.stop()
                raise RuntimeError('the dev stack did not start:\n' + said)
            time.sleep(0.05)
        with open(os.path.join(self.data, 'env')) as file:
            self.env = dict(line.strip().split('=', 1) for line in file if '=' in line and not line.startswith('#'))
        self.run = self.env['PGHOST']
        return self

    def stop(self):
        """Stops everything; returns the logs of the handlers and PostgreSQL."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        logs = self.logs()
        self.log.close()
        subprocess.run([os.path.join(ROOT, 'tools/dev/stack'), '--data', self.data, '--forget'], check=True)
        running.remove(self)  # not earlier: if this function is interrupted, stop_all() calls it again
        stopped_logs.append(re.sub(self.deliberate, '', logs, flags=re.MULTILINE) if self.deliberate else logs)
        return logs

    def logs(self):
        """All logs as one text, each after a line with its name. A stopping dev stack copies them into its data."""
        text = ''
        for folder in (os.path.join(getattr(self, 'run', self.data), 'log'), os.path.join(self.data, 'log')):
            if os.path.isdir(folder):
                for name in sorted(os.listdir(folder)):
                    with open(os.path.join(folder, name), errors='replace') as file:
                        text += f'--- {name}\n{file.read()}'
                break
        return text

    def psql(self, sql):
        """Runs SQL as a superuser of PostgreSQL; returns the rows as lists of texts."""
        result = subprocess.run(['psql', '-XqAt', '-F', '\x1f', '-v', 'ON_ERROR_STOP=1', '-h', self.run, '-U',
                                 'postgres', 'fettle'],
                                input=sql, capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(result.stderr)
        return [line.split('\x1f') for line in result.stdout.splitlines()]

    def pids(self, handler):
        """The process ids of a handler (without its supervisor)."""
        result = subprocess.run(['pgrep', '-x', '-f', os.path.join(self.run, 'handlers', handler)],
                                capture_output=True, text=True)
        return [int(pid) for pid in result.stdout.split()]

    def store(self, content):
        """Stores a file as an upload does; returns its name, the SHA-256."""
        root = self.env['FETTLE_STORAGE']
        owner, name = os.stat(root), hashlib.sha256(content).hexdigest()
        folder = os.path.join(root, name[:2])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
        for path in (folder, file.name):
            os.chown(path, owner.st_uid, owner.st_gid)
        return name

    def sign(self, path, use='media', place=0):
        """The path with a signature by a key of this use; place 0 is the newest key."""
        with open(self.env['FETTLE_KEYS']) as file:
            key = [line.split()[3] for line in file if line.startswith(use + ' ')][place]
        digest = hmac.digest(base64.urlsafe_b64decode(key + '='), path.encode(), 'sha256')
        return f'{path}&signature={base64.urlsafe_b64encode(digest).decode().rstrip("=")}'

    def client(self, token=None):
        return Client(self.port, token)

    def user(self, name=None, role=None, superuser=False):
        """A new account, logged in: a Client with .id and .username. The first account of a dev stack is superuser."""
        self.users += 1
        name = name or f'user{self.users}'
        client = self.client()
        answer = client.post('/api/v1/auth/register',
                             {'username': name, 'email': f'{name}@example.org', 'password': PASSWORD})
        assert answer.status == 201, answer
        client.id, client.username = answer.json['id'], name
        if role:
            self.psql(f"insert into user_roles (user_id, role_id) select {client.id}, id from roles "
                      f"where name = '{role}'")
        self.psql(f'update users set is_superuser = {superuser} where id = {client.id} and is_superuser <> {superuser}')
        answer = client.post('/api/v1/auth/login', {'username': name, 'password': PASSWORD})
        assert answer.status == 200, answer
        client.token = answer.json['token']
        return client
