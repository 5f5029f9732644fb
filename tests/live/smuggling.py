"""Request smuggling: FastCGI records in a body, and records that nginx never sends, are never taken for a request and
never stop the service."""
import os
import random
import socket
import stat
import struct
import time
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, DATA, GET_VALUES = 1, 2, 3, 4, 5, 6, 8, 9


def record(kind, content=b'', request=1, version=1):
    return struct.pack('>BBHHBB', version, kind, request, len(content), 0, 0) + content


def length(n):
    return struct.pack('>I', n | 1 << 31) if n > 127 else bytes([n])


def pairs(values):
    return b''.join(length(len(name)) + length(len(value)) + name.encode() + value.encode()
                    for name, value in values.items())


def request(method, path, body=b'', keep=False, **variables):
    """The records of a complete request."""
    values = {'REQUEST_METHOD': method, 'SCRIPT_NAME': path, 'QUERY_STRING': '', 'CONTENT_LENGTH': str(len(body)),
              'REMOTE_ADDR': '127.0.0.1', **variables}
    chunks = [body[at:at + 32768] for at in range(0, len(body), 32768)]
    return (record(BEGIN, struct.pack('>HB5x', 1, keep)) + record(PARAMS, pairs(values)) + record(PARAMS)
            + b''.join(record(STDIN, chunk) for chunk in chunks) + record(STDIN))


def read_all(peer, wait=3.0):
    """The bytes until the other side closes the connection, or sends nothing more."""
    peer.settimeout(wait)
    got = b''
    try:
        while chunk := peer.recv(65536):
            got += chunk
    except OSError:
        pass
    return got


def hidden_in_a_body(forged, size, alignment):
    """A body with many copies of a forged request, each after records of no request, which a reader skips. A reader
    that has lost its position finds a copy wherever it continues: inside such records with one of 8 alignments, inside
    a forged request with one of the next 8."""
    # if all records before it were empty, libfcgi would skip the forged request too
    sled = record(STDIN, request=0x7777) * 127 + record(STDIN, b' ' * 8, request=0x7777)
    forged += record(STDIN, b' ' * (-len(forged) % 8), request=0x7777)
    unit = sled + forged
    return (b'=' * (alignment % 8) + sled[:alignment // 8 * 600] + unit * (size // len(unit) + 1))[:size]


class OverHttp(unittest.TestCase):
    def setUp(self):
        answer = STACK.root.post('/api/v1/tasks', {'title': 'canary'})
        self.assertEqual(answer.status, 201, answer)
        self.canary = answer.json['id']
        self.forged = request('DELETE', f'/api/v1/tasks/{self.canary}', HTTP_AUTHORIZATION='Token ' + STACK.root.token,
                              REMOTE_USER='root', REMOTE_ADDR='10.9.9.9')

    def alive(self):
        self.assertEqual(STACK.psql(f'select title from tasks where id = {self.canary}'), [['canary']],
                         'the forged request was executed')
        self.assertEqual(STACK.psql("select count(*) from audit where ip = '10.9.9.9'"), [['0']])

    def test_records_in_a_body_are_never_taken_for_a_request(self):
        """Sent to endpoints that refuse before they read the body and to ones that read it; after it, a valid request
        on the same connection."""
        form, stranger = 'application/x-www-form-urlencoded', 'Authorization: Token ' + 'A' * 43
        token = 'Authorization: Token ' + STACK.root.token
        cases = [('POST /api/v1/tasks', 401, form, stranger),
                 ('POST /api/v1/tasks', 415, 'application/octet-stream', token),
                 ('POST /api/v1/tasks', 400, 'application/json', token),
                 ('POST /api/v1/tasks', 400, form, token), (f'DELETE /api/v1/tasks/{self.canary}', 401, form, stranger),
                 ('GET /api/v1/tasks', 401, form, stranger), ('FOO /api/v1/tasks', 405, form, token)]
        sizes = [9000, 40000] if SANITIZER else [9000, 20000, 60000, 200000]
        for line, status, kind, who in cases:
            for size in sizes:
                for alignment in range(16):
                    body = hidden_in_a_body(self.forged, size, alignment)
                    with socket.create_connection(('127.0.0.1', STACK.port), timeout=10) as peer:
                        peer.sendall(
                            f'{line} HTTP/1.1\r\nHost: localhost\r\n{who}\r\nContent-Type: {kind}\r\nContent-Length: '
                            f'{size}\r\n\r\n'.encode() + body
                            + b'GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
                        got = read_all(peer, 10)
                    self.assertEqual([int(part[:3]) for part in got.split(b'HTTP/1.1 ')[1:]], [status, 200],
                                     (line, kind, size, alignment, got))
        self.alive()

    def test_records_in_a_chunked_body_are_not_taken_for_a_request_either(self):
        for alignment in range(16):
            body = hidden_in_a_body(self.forged, 30000, alignment)
            with socket.create_connection(('127.0.0.1', STACK.port), timeout=10) as peer:
                peer.sendall(
                    b'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n'
                    b'Content-Type: text/plain\r\nConnection: close\r\n\r\n'
                    + b''.join(b'%x\r\n%s\r\n' % (len(body[at:at + 4096]), body[at:at + 4096])
                               for at in range(0, len(body), 4096)) + b'0\r\n\r\n')
                got = read_all(peer, 10)
            self.assertEqual(got.count(b'HTTP/1.1 '), 1, got)
            self.assertIn(b' 401 ', got[:20])
        self.alive()


class Peer(unittest.TestCase):
    """Talks to the socket of a handler as nginx does, or with invalid records."""

    def setUp(self):
        self.stack, self.root = STACK, STACK.root

    def connect(self, handler):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(os.path.join(self.stack.run, 'sockets', handler + '.sock'))
        return peer

    def say(self, handler, data, wait=3.0):
        with self.connect(handler) as peer:
            try:
                peer.sendall(data)
            except OSError:
                pass  # the handler has closed its end
            return read_all(peer, wait)

    def served(self, why):
        """The next request is answered, and soon."""
        started = time.monotonic()
        answer = self.root.get('/api/v1/health')
        self.assertEqual(answer.status, 200, f'{why}: {answer}')
        self.assertLess(time.monotonic() - started, 5, why)


class OnTheSocket(Peer):
    def test_one_connection_is_one_request_even_with_the_flag_to_keep_it(self):
        """With the flag that keeps the connection, neither an unread body nor bytes after it are the next request."""
        canary = self.root.post('/api/v1/tasks', {'title': 'canary'}).json['id']
        forged = request('DELETE', f'/api/v1/tasks/{canary}', HTTP_AUTHORIZATION='Token ' + self.root.token)
        for alignment in range(16):
            for size in (9000, 60000, 3 << 20):
                got = self.say('tasks', request('POST', '/api/v1/tasks', hidden_in_a_body(forged, size, alignment),
                                                keep=True) + forged, 1.0)
                self.assertLessEqual(got.count(b'Status: '), 1, got)
                self.assertNotIn(b'Status: 2', got)
        self.assertEqual(self.stack.psql(f'select count(*) from tasks where id = {canary}'), [['1']],
                         'the forged request was executed')

    def test_a_valid_request_on_the_socket_is_answered(self):
        """The handler understands the records of the other tests, so a missing answer there is meaningful."""
        got = self.say('tasks', request('GET', '/api/v1/tasks', HTTP_AUTHORIZATION='Token ' + self.root.token))
        self.assertIn(b'Status: 200', got)
        self.assertIn(b'FCGI_MPXS_CONNS', self.say('tasks', record(GET_VALUES, pairs({'FCGI_MPXS_CONNS': ''}),
                                                                   request=0) + request('GET', '/')))

    def test_a_silent_client_blocks_no_other_client(self):
        for first in (b'', b'\1\1'):
            with self.subTest(first=first), self.connect('health') as silent:
                silent.sendall(first)
                for _ in range(10):
                    started = time.monotonic()
                    self.served('a silent peer')
                    self.assertLess(time.monotonic() - started, 1)

    def test_more_silent_clients_than_workers_are_disconnected(self):
        peers = [self.connect('health') for _ in range(8)]
        try:
            self.served('eight silent peers')
        finally:
            for peer in peers:
                peer.close()

    def test_other_users_cannot_connect_to_the_sockets(self):
        folder = os.path.join(self.stack.run, 'sockets')
        paths = [os.path.join(folder, name) for name in os.listdir(folder)]
        paths.append(os.path.join(self.stack.run, '.s.PGSQL.5432'))
        self.assertGreater(len(paths), 5)
        for path in paths:
            self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode), path)
            self.assertEqual(os.stat(path).st_mode & 0o007, 0, path)
        self.assertEqual(os.stat(self.stack.run).st_mode & 0o077, 0)
        if os.geteuid() != 0:
            return
        child = os.fork()
        if child == 0:  # as the user nobody, without any group
            opened = 0
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                for path in paths:
                    try:
                        socket.socket(socket.AF_UNIX).connect(path)
                        opened += 1
                    except PermissionError:
                        pass
            finally:
                os._exit(min(opened, 100) if os.getuid() else 101)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, 'sockets that the user nobody opened')


class Deadly(Peer):
    """On its own dev stack: handlers may die here, and their log must not be counted as errors of other tests."""

    def setUp(self):
        last_words = r'^.*(?:ERROR|WARNING): \w+Sanitizer.*$'  # a crash in libfcgi, as a sanitizer reports it
        self.stack = devstack.DevStack(BUILD, deliberate=last_words, FETTLE_WORKERS='4').start()
        self.addCleanup(self.stack.stop)
        self.root = self.stack.user('root', superuser=True)

    def test_repeated_requests_for_values_do_not_stop_the_service(self):
        for count in (4, 40):
            names = pairs({'FCGI_MPXS_CONNS': ''}) * count
            self.say('health', record(GET_VALUES, names, request=0) + request('GET', '/health/live'), 1.0)
            self.served(f'{count} names')

    def test_giant_lengths_do_not_stop_the_service(self):
        most = (1 << 31) - 1
        for name, value in ((most, most), (most - 1, most - 1), (most - 1, 1), (most, 1), (1 << 30, 1 << 30),
                            (1 << 30, 0)):
            lengths = struct.pack('>II', name | 1 << 31, value | 1 << 31)
            for data in (record(GET_VALUES, lengths + b'x' * 64, request=0), record(BEGIN, struct.pack('>HB5x', 1, 0)) +
                         record(PARAMS, lengths + b'x' * 64) + record(PARAMS) + record(STDIN)):
                with self.subTest(name=name, value=value):
                    self.say('health', data, 0.2)
                    self.served((name, value))
                    time.sleep(0.6)  # multiwatch gives up a program that always dies within a second

    def test_records_in_a_random_order_do_not_stop_the_service(self):
        rng = random.Random(1)
        whole = request('GET', '/health/live')
        cases = [b'', b'\0', b'\1', b'\xff' * 4096, b'GET / HTTP/1.1\r\n\r\n', whole[:30], whole[:-9],
                 record(PARAMS, pairs({'A': 'b'})), record(STDIN), record(ABORT), record(END, b'\0' * 8),
                 record(DATA, b'x'), record(BEGIN), record(BEGIN, struct.pack('>HB5x', 7, 0)),
                 record(BEGIN, struct.pack('>HB5x', 2, 0)) + whole[16:], record(BEGIN, struct.pack('>HB5x', 1, 0)) * 3,
                 record(99, request=0), record(0), record(STDOUT, b'x'),
                 record(BEGIN, struct.pack('>HB5x', 1, 0), version=2),
                 record(BEGIN, struct.pack('>HB5x', 1, 0)) + record(PARAMS, b'\x85'),
                 record(BEGIN, struct.pack('>HB5x', 1, 0)) + record(PARAMS, b'\5\5ab') + record(PARAMS),
                 request('GET', '/health/live', CONTENT_LENGTH='-1'),
                 request('GET', '/health/live', CONTENT_LENGTH='99999999999999999999'), request('', ''),
                 request('GET', '/' + 'a' * 60000),
                 record(BEGIN, struct.pack('>HB5x', 1, 0)) + record(PARAMS) + record(STDIN)]
        cases += [rng.randbytes(rng.randint(1, 4000)) for _ in range(20)]
        for i in range(20):  # a request with one changed byte
            at = rng.randrange(len(whole))
            cases.append(whole[:at] + rng.randbytes(1) + whole[at + 1:])
        for data in cases:
            self.say('health', data, 0.05)
        self.served('records in no order')
        self.assertEqual(len(self.stack.pids('health')), 1)
