"""Signed URLs of files: every character counts, keys can change, no database is used, and a page runs no script."""
import contextlib
import glob
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('the condition did not become true within a minute')
        time.sleep(0.02)


class OnTheDevStack(unittest.TestCase):
    def url(self, content=b'oil', name='plan.txt', type='text%2Fplain', kind='document', **by):
        path = f'/media/{kind}/{STACK.store(content)}/{name}?type={type}&expires={int(time.time()) + 250}'
        return STACK.sign(path, **by)

    def refused(self, path, why=None):
        answer = STACK.client().get(path)
        self.assertEqual((answer.status, answer.json['code']), (403, 'bad_signature'), why or path)

    def test_every_letter_is_signed(self):
        url = self.url()
        self.assertEqual(STACK.client().get(url).status, 200)
        for at in range(len('/media/document/'), len(url)):
            if url[at] in '/?':
                continue  # another '/' or '?' makes it another path
            letter = 'b' if url[at] != 'b' else 'c'
            self.refused(url[:at] + letter + url[at + 1:], f'{at}: {url[at]}')
        # other spellings of the same file are refused
        for spelled in (url.replace('plan.txt', 'pl%61n.txt'), url.replace('text%2Fplain', 'text/plain'),
                        url.replace('%2F', '%2f'), url.replace('/media/', '/media//'),
                        url.replace('/media/', '/./media/'), url.replace('/document/', '/picture/'),
                        url.replace('&expires', '&&expires'), url.replace('plan.txt', 'plan.txt/')):
            self.refused(spelled)

    def test_parts_of_two_urls_cannot_be_combined(self):
        one, other = self.url(), self.url(b'grease', 'secret.txt')
        self.refused(one.split('?')[0] + '?' + other.split('?')[1])
        self.refused(one.rsplit('=', 1)[0] + '=' + other.rsplit('=', 1)[1])

    def test_a_key_of_another_use_signs_no_url(self):
        self.refused(self.url(use='access'))

    def test_the_url_works_with_another_host(self):
        """The host is not signed, because a proxy may use another name for the server."""
        with socket.create_connection(('127.0.0.1', STACK.port)) as peer:
            peer.sendall(f'GET http://elsewhere.example{self.url()} HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: '
                         f'close\r\n\r\n'.encode())
            self.assertTrue(peer.recv(100).startswith(b'HTTP/1.1 200 '))

    def test_every_header_appears_once(self):
        """nginx mixes the headers of two answers if a range after the end of a file is requested."""
        there, gone = self.url(), STACK.sign(
            f'/media/document/{64 * "0"}/a?type=text%2Fplain&expires={int(time.time()) + 250}')
        for path, header, status in ((there, 'Accept: */*', 200), (there, 'Range: bytes=0-1', 206),
                                     (there, 'Range: bytes=9-', 416), (there, 'If-Match: "0"', 412),
                                     (gone, 'Accept: */*', 404)):
            with socket.create_connection(('127.0.0.1', STACK.port)) as peer:
                peer.sendall(
                    f'GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n\r\n'.encode())
                head = b''
                while b'\r\n\r\n' not in head:
                    head += peer.recv(4096)
            first, *lines = head.split(b'\r\n\r\n')[0].decode().split('\r\n')
            self.assertIn(f' {status} ', first)
            names = [line.split(':')[0].lower() for line in lines]
            self.assertEqual(sorted(set(names)), sorted(names), first)
            self.assertLessEqual({'x-content-type-options', 'content-security-policy', 'x-frame-options',
                                  'strict-transport-security'}, set(names), first)

    def test_a_symbolic_link_in_the_storage_is_not_followed(self):
        url = self.url(b'replaced by a link')
        name = re.search(r'[0-9a-f]{64}', url)[0]
        path = os.path.join(STACK.env['FETTLE_STORAGE'], name[:2], name)
        os.unlink(path)
        os.symlink(STACK.env['FETTLE_KEYS'], path)
        self.addCleanup(os.unlink, path)
        answer = STACK.client().get(url)
        self.assertIn(answer.status, (403, 404), answer)
        self.assertNotIn(b'media', answer.body)

    def test_urls_of_one_step_are_equal_and_none_lives_longer_than_five_minutes(self):
        user = STACK.user()
        STACK.psql(f"update profiles set picture_sha256 = repeat('a', 64), thumbnail_sha256 = repeat('b', 64), "
                   f"picture_type = 'image/png' where id = {user.id}")
        for _ in range(3):  # a step can end between two requests, but hardly three times in a row
            before = int(time.time())
            one, other = (user.get(f'/api/v1/users/{user.id}/profile') for _ in range(2))
            if before // 30 == int(time.time()) // 30:
                break
        self.assertEqual((one.body, one.headers['etag']), (other.body, other.headers['etag']))
        expires = int(re.search(r'expires=(\d+)', one.json['picture_url'])[1])
        self.assertEqual(expires % 30, 0)
        self.assertTrue(before + 270 <= expires <= before + 300, expires - before)


class WithoutADatabase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD).start()
        cls.addClassCleanup(cls.on.stop)

    def url(self, expires=None, **by):
        expires = expires or int(time.time()) + 250
        return self.on.sign(f'/media/document/{self.on.store(b"oil")}/a.txt?type=text%2Fplain&expires={expires}', **by)

    def fettle(self, *words):
        return subprocess.run([os.path.join(BUILD, 'fettle'), *words], env={**os.environ, 'FETTLE_ENV': os.path.join(
            self.on.data, 'env')}, capture_output=True, text=True, check=True).stdout

    def test_no_connection_is_opened(self):
        client = self.on.client()
        for path, status in ((self.url(), 200), (self.url(use='access'), 403), ('/media/document/a/b', 403)):
            self.assertEqual(client.get(path).status, status)
        self.assertEqual(client.get('/api/v1/health').status, 200)
        self.assertEqual(self.on.psql("select distinct application_name from pg_stat_activity where application_name "
                                      "in ('fettle_media', 'fettle_health')"), [['fettle_health']])

    def test_keys_change_and_urls_work_until_their_key_is_removed(self):
        client, expires = self.on.client(), int(time.time()) + 250
        before = self.url(expires)
        self.fettle('keys', 'rotate')
        self.assertEqual(client.get(before).status, 200)
        self.assertEqual(client.get(self.url()).status, 200)
        self.assertEqual(self.url(expires, place=1), before)
        path = self.on.env['FETTLE_KEYS']
        with open(path) as file:
            lines = file.readlines()
        media = [line for line in lines if line.startswith('media ')]
        with open(path, 'w') as file:
            file.writelines(line for line in lines if line not in media[1:])
        self.assertEqual(client.get(before).status, 403)
        self.assertEqual(client.get(self.url()).status, 200)

    def test_a_killed_handler_is_restarted(self):
        client = self.on.client()
        for _ in range(3):
            old = self.on.pids('media')
            for pid in old:
                os.kill(pid, signal.SIGKILL)
            self.assertEqual(client.get(self.url()).status, 200)
            wait_for(lambda: self.on.pids('media') and not set(self.on.pids('media')) & set(old))

    def test_a_body_that_nginx_cannot_store_gets_507(self):
        folder = os.path.join(self.on.run, 'body')
        os.chmod(folder, 0)
        try:
            answer = self.on.client().request('POST', '/api/v1/auth/login', raw=b' ' * 200_000,
                                              headers={'Content-Type': 'application/json'})
        finally:
            os.chmod(folder, 0o700)
        self.assertEqual((answer.status, answer.headers['content-type'], answer.json['code']),
                         (507, 'application/problem+json', 'no_room'))

    def test_the_limit_of_a_body_depends_on_its_path(self):
        client = self.on.client()
        for size, status in ((1 << 20, 400), ((1 << 20) + 1, 413)):
            answer = client.request('POST', '/api/v1/auth/login', raw=b' ' * size,
                                    headers={'Content-Type': 'application/json'})
            self.assertEqual(answer.status, status, answer)


class InABrowser(unittest.TestCase):
    @unittest.skipUnless(shutil.which('chromium'), 'chromium is not installed')
    def test_a_page_with_a_script_is_saved_and_runs_nothing(self):
        """The script of a page requests /ran: from a server of the test it runs, from its signed URL it does not."""
        asked, pages = [], {}

        class Own(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header('Content-Type', 'text/html')
                self.end_headers()
                self.wfile.write(pages.get(self.path, b''))

            def log_message(self, *_): pass

        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Own) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.shutdown)
            own = f'http://127.0.0.1:{server.server_port}'
            page = pages['/page'] = f'<!doctype html><script>fetch("{own}/ran", {{mode: "no-cors"}})</script>'.encode()
            path = f'/media/document/{STACK.store(page)}/page.html?type=text%2Fhtml&expires={int(time.time()) + 250}'
            for url, runs in ((own + '/page', True), (f'http://127.0.0.1:{STACK.port}{STACK.sign(path)}', False)):
                asked.clear()
                pages['/start'] = f'<script>addEventListener("load", () => {{ location = "{url}" }})</script>'.encode()
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                    browser = subprocess.Popen(['chromium', '--headless', '--no-sandbox', '--disable-gpu',
                                                '--disable-quic', '--no-first-run', '--disable-background-networking',
                                                '--disable-component-update', '--disable-sync',
                                                '--remote-debugging-port=0', f'--user-data-dir={home}/data',
                                                own + '/start'],
                                               env={**os.environ, 'HOME': home}, start_new_session=True,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    try:
                        wait_for(lambda: '/ran' in asked or page in saved_in(home))
                        self.assertEqual(('/ran' in asked, page in saved_in(home)), (runs, not runs), asked)
                    finally:
                        os.killpg(browser.pid, signal.SIGKILL)
                        browser.wait()


def saved_in(home):
    """The files that a browser saved in a home directory; a file that is being renamed appears at the next call."""
    found = []
    for path in glob.glob(home + '/Downloads/*'):
        with contextlib.suppress(FileNotFoundError), open(path, 'rb') as file:
            found.append(file.read())
    return found
