"""Uploads: memory stays flat for every size; whatever happens during an upload, no row lacks its file."""
import concurrent.futures
import hashlib
import http.client
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import devstack
import restarts

STACK, BUILD, SANITIZER = None, 'build', ''

MIB = 1 << 20
PATH = '/api/v1/documents'


def compound(shift, sectors):
    """A compound file (OLE) with sectors of 1 << shift bytes, all of whose tables are one long chain of sectors."""
    size, tables = 1 << shift, 1 + sectors * 4 // (1 << shift)
    head = bytearray(size)
    head[:8] = bytes.fromhex('d0cf11e0a1b11ae1')
    struct.pack_into('<HHH', head, 28, 0xfffe, shift, 6)
    struct.pack_into('<I', head, 48, tables)
    struct.pack_into('<IiIiI', head, 56, 4096, tables, 1, -2, 0)
    struct.pack_into('<109i', head, 76, *(i % tables for i in range(min(109, 63 << 20 >> shift))),
                     *[-1] * max(0, 109 - (63 << 20 >> shift)))
    struct.pack_into('<I', head, 44, min(109, 63 << 20 >> shift))
    chain = bytearray(size * tables)
    for i in range(tables, tables + sectors):
        struct.pack_into('<i', chain, 4 * i, i + 1 if i < tables + sectors - 1 else -2)
    folder = bytearray(size)
    folder[66] = 5  # the root, whose stream is the same chain
    struct.pack_into('<iI', folder, 116, tables, 1)
    return bytes(head + chain + folder + bytes(size * (sectors - 1)))


class Pattern:
    """Endless bytes that repeat only after 1 MiB and 1 byte: lost, doubled or moved bytes change the SHA-256."""
    block = random.Random(7).randbytes(MIB + 1)  # the same in each run: their first bytes match no file type

    def __init__(self, size, front=b'', behind=b''):
        self.size, self.left, self.at, self.front, self.behind = size, size, 0, front, behind

    def pieces(self):
        """The body of a request, in pieces: the file between the bytes before and after it."""
        yield self.front
        while self.left:
            piece = self.block[self.at:self.at + min(self.left, MIB)]
            self.left, self.at = self.left - len(piece), (self.at + len(piece)) % len(self.block)
            yield piece
        yield self.behind

    def sha256(self):
        digest = hashlib.sha256()
        for piece in Pattern(self.size).pieces():
            digest.update(piece)
        return digest.hexdigest()


def multipart(size, name='big.bin', boundary='part-of-the-test'):
    return Pattern(size, f'--{boundary}\r\nContent-Disposition: form-data; '
                   f'name="title"\r\n\r\nBig\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                   f'filename="{name}"\r\n'
                   'Content-Type: image/png\r\n\r\n'.encode(), f'\r\n--{boundary}--\r\n'.encode())


def send(on, token, path, pattern, kind=None, cut=None, headers=()):
    """Sends a body while it is generated; the Answer. With cut: sends only that many bytes, and reads no answer."""
    connection = http.client.HTTPConnection('127.0.0.1', on.port, timeout=120)
    try:
        connection.putrequest('POST', path)
        length = len(pattern.front) + pattern.size + len(pattern.behind)
        for name, value in (('Content-Length', length), ('Authorization', f'Token {token}'),
                            *([('Content-Type', kind)] if kind else []), *headers):
            connection.putheader(name, str(value))
        connection.endheaders()
        sent = 0
        try:
            for piece in pattern.pieces():
                if cut is not None and sent + len(piece) > cut:
                    connection.send(piece[:cut - sent])
                    return None
                connection.send(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early; the answer has the reason
        answer = connection.getresponse()
        return devstack.Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def send_again(*what):
    """Sends a body, and sends it again as long as the answer is that too many wait; a slow machine may need that."""
    for _ in range(10):
        answer = send(*what)
        if answer.status != 503:
            break
        time.sleep(int(answer.headers['retry-after']))
    return answer


FORM = 'multipart/form-data; boundary=part-of-the-test'


def small(on, token, content, path=PATH + '?file_name=x.bin', **kw):
    pattern = Pattern(0, content)
    return send(on, token, path, pattern, 'application/octet-stream', **kw)


def memory(pid, what):
    """A line of /proc/PID/status, in MiB."""
    with open(f'/proc/{pid}/status') as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(what + ':'))


class Storage:
    """The files in the storage of a dev stack."""

    def __init__(self, on):
        self.on, self.path = on, on.env['FETTLE_STORAGE']
        # older than the files that the tests make old
        on.psql("update migrations set applied_at = '2000-01-01'")

    def of(self, sha256):
        return os.path.join(self.path, sha256[:2], sha256)

    def stored(self):
        return {name for folder in os.listdir(self.path) if len(folder) == 2
                for name in os.listdir(os.path.join(self.path, folder))}

    def incoming(self):
        folder = os.path.join(self.path, 'incoming')
        return os.listdir(folder) if os.path.isdir(folder) else []

    def rows(self):
        return {row[0]: int(row[1]) for row in self.on.psql('select sha256, size_bytes from documents')}

    def age(self):
        """Makes every file two hours old."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(folder, name)
                os.utime(path, (time.time() - 7200,) * 2, follow_symlinks=False)

    def sweep(self):
        return subprocess.run([os.path.join(BUILD, 'fettle'), 'sweep'], capture_output=True, text=True,
                              env={**os.environ, 'FETTLE_ENV': os.path.join(self.on.data, 'env')})


class Uploads(unittest.TestCase):
    def setUp(self):
        self.storage = Storage(STACK)
        self.user = STACK.user()
        self.addCleanup(self.user.close)

    def check(self, answer, pattern):
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual((answer.json['sha256'], answer.json['size_bytes']), (pattern.sha256(), pattern.size))
        path = self.storage.of(answer.json['sha256'])
        self.assertEqual(os.path.getsize(path), pattern.size)
        digest = hashlib.sha256()
        with open(path, 'rb') as file:
            while piece := file.read(MIB):
                digest.update(piece)
        self.assertEqual(digest.hexdigest(), answer.json['sha256'])

    def remove(self, answer):
        self.assertEqual(self.user.delete(f'{PATH}/{answer.json["id"]}').status, 204)

    def test_large_uploads_do_not_increase_the_memory(self):
        size = 200 * MIB
        with concurrent.futures.ThreadPoolExecutor(20) as pool:  # every worker has its connection and its statements
            for answer in pool.map(lambda i: small(STACK, self.user.token, b'%PDF-1.4 warm ' + bytes(i)), range(60)):
                self.remove(answer)
        pid, = STACK.pids('documents')
        with open(f'/proc/{pid}/clear_refs', 'w') as file:
            file.write('5')  # the peak is measured from here
        before = memory(pid, 'VmRSS')
        for kind, pattern, path in ((FORM, multipart(size), PATH),
                                    (None, Pattern(size), PATH + '?file_name=big.bin&title=Big')):
            started = time.monotonic()
            answer = send(STACK, self.user.token, path, pattern, kind)
            seconds = time.monotonic() - started
            self.check(answer, Pattern(size))
            self.assertEqual((answer.json['title'], answer.json['file_name'], answer.json['content_type']),
                             ('Big', 'big.bin', 'application/octet-stream'))
            print(f'   {"multipart" if kind else "raw"}: 200 MiB in {seconds:.1f} s', flush=True)
            self.remove(answer)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            sizes = [(50 * MIB if not SANITIZER else 5 * MIB) + i for i in range(20)]
            for answer, size in zip(list(pool.map(lambda each: send_again(STACK, self.user.token, PATH, multipart(each),
                                                                          FORM), sizes)), sizes):
                self.check(answer, Pattern(size))
                self.remove(answer)
        peak = memory(pid, 'VmHWM')
        self.assertEqual(STACK.pids('documents'), [pid])
        print(f'   memory of the handler: {before:.1f} MiB before, {peak:.1f} MiB at most', flush=True)
        if not SANITIZER:
            self.assertLess(peak - before, 16)
        self.storage.age()
        self.storage.sweep()  # files that other tests named in the tables do not exist, and sweep reports them
        large = [name for folder, _, names in os.walk(self.storage.path) for name in names
                 if os.path.getsize(os.path.join(folder, name)) >= min(sizes)]
        self.assertEqual(large, [])

    def test_the_size_of_tables_in_a_file_is_not_trusted(self):
        for shift, sectors, most in ((20, 80, 16), (12, 9900, 160)):
            with self.subTest(shift=shift):
                pid, = STACK.pids('documents')
                with open(f'/proc/{pid}/clear_refs', 'w') as file:
                    file.write('5')
                before = memory(pid, 'VmRSS')
                answer = small(STACK, self.user.token, compound(shift, sectors))
                self.assertEqual(answer.status, 201, answer)
                self.assertEqual(answer.json['content_type'] == 'application/octet-stream', shift == 20, answer)
                grown = memory(pid, 'VmHWM') - before
                print(f'   {sectors} sectors of {1 << shift} bytes are {answer.json["content_type"]}, '
                      f'for {grown:.0f} MiB', flush=True)
                if not SANITIZER:
                    self.assertLess(grown, most)
                self.assertEqual(STACK.pids('documents'), [pid])
                self.remove(answer)

    def test_a_refused_upload_is_answered_whatever_its_size(self):
        size = 200 * MIB
        stored = self.storage.stored()
        STACK.psql(f'delete from user_roles where user_id = {self.user.id}')
        for token, status in (('x' * 43, 401), (self.user.token, 403)):
            self.assertEqual(send(STACK, token, PATH, multipart(size), FORM).status, status)
        for path, kind, faults in ((PATH + '?file_name=x&size_bytes=1&nothing=2', None, {'size_bytes', 'nothing'}),
                                   (PATH, FORM + 'x', None), (PATH + '?title=x', FORM, {'title'})):
            answer = send(STACK, STACK.root.token, path, multipart(size), kind)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(set(answer.json.get('errors', {})), faults or set(), answer)
        answer = send(STACK, STACK.root.token, PATH + '?file_name=x', Pattern(256 * MIB + 1))
        self.assertEqual((answer.status, answer.json['code']), (413, 'too_large'))
        self.assertEqual((self.storage.incoming(), self.storage.stored()), ([], stored))

    def test_an_upload_that_is_cut_off_leaves_no_file(self):
        stored, rows = self.storage.stored(), self.storage.rows()
        for cut in (10, 150, 300, MIB, 3 * MIB - 1, 3 * MIB + 100):
            send(STACK, self.user.token, PATH, multipart(3 * MIB), FORM, cut=cut)
            send(STACK, self.user.token, PATH + '?file_name=x', Pattern(3 * MIB), cut=min(cut, 3 * MIB - 1))
        whole = multipart(MIB)
        for behind in (b'', b'\r\n', b'\r\n--part-of-the-test', b'\r\n--part-of-the-test-',
                       b'\r\n--part-of-the-test\r\n', b'\n--part-of-the-test--', b'\r\n--part-of-the-test--x'):
            answer = send(STACK, self.user.token, PATH, Pattern(MIB, whole.front, behind), FORM)
            self.assertEqual((answer.status, answer.json['code']), (400, 'malformed_form'), behind)
        time.sleep(0.3)
        self.assertEqual((self.storage.incoming(), self.storage.stored(), self.storage.rows()), ([], stored, rows))

    def test_a_file_that_looks_like_a_form_is_stored_unchanged(self):
        for content in (b'a\r\n--', b'\r\n', b'\r', b'\n--part-of-the-test--\r\n', b'--part-of-the-tes',
                        b'\r\n--part-of-the-tes', b'\r\n-', b'-' * MIB, b'\r\n--' * 100_000, b'\r' * 70_000,
                        b'\r\n--part-of-the-tes' * 50_000):
            frame = multipart(0)
            answer = send(STACK, self.user.token, PATH, Pattern(0, frame.front + content, frame.behind), FORM)
            self.assertEqual((answer.status, answer.json.get('sha256')), (201, hashlib.sha256(content).hexdigest()),
                             content[:40])

    def test_a_key_stores_a_file_once(self):
        headers = [('Idempotency-Key', f'upload-{self.user.id}')]
        first = small(STACK, self.user.token, b'once', headers=headers)
        again = small(STACK, self.user.token, b'once', headers=headers)
        other = small(STACK, self.user.token, b'another', headers=headers)
        self.assertEqual((first.status, again.status, again.headers.get('idempotency-replayed'), again.body,
                          other.status), (201, 201, 'true', first.body, 409))
        self.assertEqual(STACK.psql(f'select count(*) from documents where owner = {self.user.id}'), [['1']])
        self.assertNotIn(hashlib.sha256(b'another').hexdigest(), self.storage.stored())


# A library that kills a handler at a point of its work, controlled by the environment: `points` is a directory, and a
# file in it arms the point of that name once.
SHIM = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void at(const char* point) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("FETTLE_TEST_POINTS"), point);
    if (unlink(path) == 0) kill(getpid(), SIGKILL);
}
int fsync(int fd) {
    int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
    at("before-fsync");
    int done = next(fd);
    at("after-fsync");
    return done;
}
int renameat(int from, const char* old, int to, const char* new) {
    int (*next)(int, const char*, int, const char*) = dlsym(RTLD_NEXT, "renameat");
    at("before-rename");
    int done = next(from, old, to, new);
    at("after-rename");
    return done;
}
void* PQexec(void* connection, const char* sql) {
    void* (*next)(void*, const char*) = dlsym(RTLD_NEXT, "PQexec");
    int ends = strncasecmp(sql, "commit", 6) == 0;
    if (ends) at("before-commit");
    void* done = next(connection, sql);
    if (ends) at("after-commit");
    return done;
}
'''
POINTS = ('before-fsync', 'after-fsync', 'before-rename', 'after-rename', 'before-commit', 'after-commit')


class Accidents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_UPLOAD_MIB='20', FETTLE_QUOTA_MIB='100').start()
        cls.addClassCleanup(cls.on.stop)
        cls.on.root = cls.on.user('root', superuser=True)
        cls.storage = Storage(cls.on)

    def healthy(self):
        """Every row has its complete file; sweep reports that, and removes every old file without a row."""
        for sha256, size in self.storage.rows().items():
            with open(self.storage.of(sha256), 'rb') as file:
                content = file.read()
            self.assertEqual((hashlib.sha256(content).hexdigest(), len(content)), (sha256, size))
        swept = self.storage.sweep()
        self.assertEqual((swept.returncode, swept.stderr), (0, ''), swept)

    def swept(self):
        self.storage.age()
        self.healthy()
        self.assertEqual((self.storage.stored(), self.storage.incoming()), (set(self.storage.rows()), []))

    def test_a_handler_that_is_killed_at_any_point_loses_no_file(self):
        if SANITIZER:
            self.skipTest('a sanitizer must be the first that is loaded')
        folder = tempfile.mkdtemp(prefix='fettle-points-')
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o777)
        with open(os.path.join(folder, 'shim.c'), 'w') as file:
            file.write(SHIM)
        shim = os.path.join(folder, 'shim.so')
        subprocess.run(['cc', '-shared', '-fPIC', '-o', shim, os.path.join(folder, 'shim.c'), '-ldl'], check=True)
        real = os.path.join(self.on.run, 'handlers/documents')
        os.rename(real, real + '.real')
        with open(real, 'w') as file:
            file.write(f'#!/bin/sh\nLD_PRELOAD={shim} FETTLE_TEST_POINTS={folder} exec {real}.real "$@"\n')
        os.chmod(real, 0o755)

        def handler():
            found = subprocess.run(['pgrep', '-f', f'^{real}.real'], capture_output=True, text=True).stdout.split()
            return int(found[0]) if found else None
        old, = self.on.pids('documents')
        os.kill(old, signal.SIGTERM)
        acknowledged, user, died = set(), self.on.user(), 0
        for turn in range(2):
            for point in POINTS:
                while not handler():
                    time.sleep(0.02)
                before = handler()
                time.sleep(1.1)  # multiwatch counts deaths within one second of each other
                content = f'{turn} {point}'.encode() * 1000
                with open(os.path.join(folder, point), 'w'):
                    pass
                os.chmod(os.path.join(folder, point), 0o666)
                answer = small(self.on, user.token, content,
                               **({'headers': [('Idempotency-Key', point)]} if turn else {}))
                self.assertEqual(answer.status, 502, point)
                self.assertFalse(os.path.exists(os.path.join(folder, point)), f'{point} was not reached')
                died += 1
                rows = self.storage.rows()
                self.assertEqual(hashlib.sha256(content).hexdigest() in rows, point == 'after-commit', point)
                if turn:  # the same request again: the file is stored once, whether the killed handler stored it or not
                    while not handler() or handler() == before:
                        time.sleep(0.02)
                    answer = small(self.on, user.token, content, headers=[('Idempotency-Key', point)])
                    self.assertEqual((answer.status, answer.headers.get('idempotency-replayed')),
                                     (201, 'true' if point == 'after-commit' else None), point)
                    acknowledged.add(answer.json['sha256'])
                self.healthy()
        self.assertEqual(died, 2 * len(POINTS))
        self.assertEqual(self.on.psql(f'select count(*), count(distinct sha256) from documents '
                                      f'where owner = {user.id}'), [[str(len(POINTS) + 1)] * 2])
        # some handlers were killed after the rename of the file, and before the commit of its row
        self.assertGreater(len(self.storage.stored()), len(self.storage.rows()))
        self.assertGreater(len(self.storage.incoming()), 0)
        self.swept()
        self.assertLessEqual(acknowledged, self.storage.stored())

    def test_a_full_disk_gets_507_and_leaves_no_partial_file(self):
        if os.geteuid() != 0:
            self.skipTest('only root can mount a small disk')
        own = devstack.DevStack(BUILD).start()
        self.addCleanup(own.stop)
        own.root, storage = own.user('root', superuser=True), Storage(own)
        is_ = os.stat(storage.path)
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size=4m,mode=0750,uid={is_.st_uid},gid={is_.st_gid}', 'none',
                           storage.path], capture_output=True).returncode:
            self.skipTest('nothing can be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', storage.path])
        self.assertEqual(small(own, own.root.token, b'fits').status, 201)
        for path, pattern, kind in ((PATH + '?file_name=x', Pattern(5 * MIB), None), (PATH, multipart(5 * MIB), FORM)):
            answer = send(own, own.root.token, path, pattern, kind)
            self.assertEqual((answer.status, answer.json['code']), (507, 'no_room'))
            self.assertEqual(storage.incoming(), [])
        self.assertEqual(small(own, own.root.token, b'still fits').status, 201)
        self.assertEqual(set(storage.rows()), storage.stored())

    def test_a_sweep_during_uploads_of_the_same_bytes_deletes_none_of_them(self):
        user, over, swept, rounds = self.on.user(), threading.Event(), [], [0] * 4
        content = [b'the same %d' % i for i in range(4)]

        def uploads(number):
            client = self.on.client(user.token)
            while not over.is_set():
                rounds[number] += 1
                answer = small(self.on, user.token, content[(number + rounds[number]) % 4])
                assert answer.status == 201, answer
                sha256 = answer.json['sha256']
                assert client.get(f'{PATH}/{answer.json["id"]}').status == 200
                assert os.path.exists(self.storage.of(sha256)), 'acknowledged, but not stored'
                assert client.delete(f'{PATH}/{answer.json["id"]}').status == 204
            client.close()

        def sweeps():
            while not over.is_set():
                for bytes_ in content:  # each file looks as if it had existed for a long time
                    path = self.storage.of(hashlib.sha256(bytes_).hexdigest())
                    try:
                        os.utime(path, (time.time() - 7200,) * 2)
                    except FileNotFoundError:
                        pass
                found = self.storage.sweep()
                assert found.returncode == 0, found
                swept.append(int(found.stdout.split('stored files that nothing refers to: ')[1].split()[0]))
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            jobs = [pool.submit(uploads, i) for i in range(4)] + [pool.submit(sweeps)]
            try:
                time.sleep(6)
                # a busy machine needs longer until a sweep checks a file between two uploads of it
                restarts.wait_for(lambda: sum(swept) and min(rounds) > 3 or any(job.done() for job in jobs), 60)
            finally:  # also if the run is interrupted, because the pool waits for its jobs
                over.set()
            for job in jobs:
                job.result()
        self.assertGreater(min(rounds), 3)
        self.assertGreater(sum(swept), 0, 'no sweep removed a file: the test proved nothing')
        self.swept()

    def test_sweep_touches_no_other_file_and_reports_missing_files(self):
        user = self.on.user()
        kept = small(self.on, user.token, b'kept').json
        outside = tempfile.mkdtemp(prefix='fettle-outside-')
        self.addCleanup(shutil.rmtree, outside)
        name = hashlib.sha256(b'outside').hexdigest()
        with open(os.path.join(outside, name), 'w'):
            pass
        root = self.storage.path
        folder = os.path.join(root, kept['sha256'][:2])
        foreign = [os.path.join(root, 'README'), os.path.join(root, 'incoming', 'notes.txt'),
                   os.path.join(folder, 'notes'), os.path.join(folder, 'f' * 63 + '0')]
        for path in foreign:
            with open(path, 'w'):
                pass
        free = next(f'{i:02x}' for i in range(256) if not os.path.exists(os.path.join(root, f'{i:02x}')))
        os.symlink(outside, os.path.join(root, free))
        link = os.path.join(root, kept['sha256'][:2], kept['sha256'][:2] + 'e' * 62)
        os.symlink(os.path.join(outside, name), link)
        self.storage.age()
        os.utime(os.path.join(outside, name), (0, 0))
        self.healthy()
        for path in [*foreign, link, os.path.join(outside, name), self.storage.of(kept['sha256'])]:
            self.assertTrue(os.path.lexists(path), path)
        for path in [*foreign, link, os.path.join(root, free)]:
            os.unlink(path)
        os.rename(self.storage.of(kept['sha256']), os.path.join(outside, 'away'))
        found = self.storage.sweep()
        self.assertEqual(found.returncode, 1)
        self.assertIn(f'document {kept["id"]}: its file {kept["sha256"][:2]}/{kept["sha256"]} is missing', found.stderr)
        self.assertIn('1 file is missing', found.stderr)
        os.rename(os.path.join(outside, 'away'), self.storage.of(kept['sha256']))
        self.healthy()

    def test_a_sweep_keeps_files_that_are_older_than_its_database(self):
        # the storage of a backup was restored, its database was not
        sha256 = hashlib.sha256(b'of another database').hexdigest()
        path = self.storage.of(sha256)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w'):
            pass
        first = int(self.on.psql('select extract(epoch from min(applied_at))::bigint from migrations')[0][0])
        os.utime(path, (first - 1,) * 2)
        try:
            self.assertRegex(self.storage.sweep().stdout, r'(?m)^left alone, because they are older .*: 1 file$')
            self.assertTrue(os.path.exists(path))
        finally:
            os.utime(path, (first,) * 2)
        self.assertNotIn('left alone', self.storage.sweep().stdout)
        self.assertFalse(os.path.exists(path))

    def test_only_the_first_8_kib_of_a_text_are_checked(self):
        for content, type_ in ((b'a' * 8000 + b'\0a', 'application/octet-stream'),
                               (b'a' * 9000 + b'\0a', 'text/plain')):
            self.assertEqual(small(self.on, self.on.root.token, content).json['content_type'], type_)

    def test_uploads_at_the_same_time_stay_within_the_quota(self):
        user = self.on.user()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda i: send(self.on, user.token, f'{PATH}?file_name={i}', Pattern(15 * MIB + i)),
                                    range(12)))
        self.assertEqual(sorted(answer.status for answer in answers), [201] * 6 + [409] * 6)
        refused = next(answer.json for answer in answers if answer.status == 409)
        self.assertEqual(refused['code'], 'quota_exceeded')
        self.assertEqual(refused['detail'],
                         'Your documents already use 90.0 of 100 MiB. This file would exceed your quota.')
        self.assertEqual(self.on.psql(f'select bytes = (select sum(size_bytes) from documents where owner = user_id) '
                                      f'from storage_used where user_id = {user.id}'), [['t']])
        made = next(answer.json for answer in answers if answer.status == 201)
        self.assertEqual(user.delete(f'{PATH}/{made["id"]}').status, 204)
        self.assertEqual(send(self.on, user.token, f'{PATH}?file_name=again', Pattern(15 * MIB)).status, 201)
        self.assertEqual(send(self.on, user.token, f'{PATH}?file_name=more', Pattern(15 * MIB)).status, 409)
        self.swept()
