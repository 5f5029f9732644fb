"""The pages at /docs/ as a developer uses them: a browser authorizes, lists tasks and creates one. A screenshot of each
step is saved in docs-pictures in the build directory."""
import base64
import http.client
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
import zlib

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

SIZE = 1280, 1000
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--disable-dev-shm-usage', '--no-proxy-server', '--hide-scrollbars',
         '--window-size=%d,%d' % SIZE]
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # the key of a reference to an element (WebDriver 11)


class Browser:
    """Chromium over W3C WebDriver: plain HTTP and JSON."""

    def __init__(self, data):
        self.port = devstack.free_port()
        self.driver = subprocess.Popen(['chromedriver', f'--port={self.port}'], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.until(lambda: self.ask('GET', '/status')['ready'])
        options = {'args': [*FLAGS, f'--user-data-dir={data}']}
        self.session = '/session/' + self.ask('POST', '/session', {'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': options, 'goog:loggingPrefs': {'browser': 'ALL', 'performance': 'ALL'}}}})[
                'sessionId']

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=120)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body),
                               headers={'Content-Type': 'application/json'})
            value = json.loads(connection.getresponse().read())['value']
        finally:
            connection.close()
        if isinstance(value, dict) and 'error' in value:
            raise RuntimeError(f'{method} {path}: {value["error"]}: {value["message"]}')
        return value

    @staticmethod
    def until(true, seconds=60):
        """Waits until true() returns a true value and returns it; after the time limit, raises the last fault."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if value := true():
                    return value
                fault = AssertionError('what was waited for did not come')
            except (OSError, RuntimeError) as error:
                fault = error
            if time.monotonic() > deadline:
                raise fault
            time.sleep(0.1)

    def of_session(self, path, body): return self.ask('POST', self.session + path, body)
    def go(self, url): self.of_session('/url', {'url': url})
    def script(self, text, *given): return self.of_session('/execute/sync', {'script': text, 'args': list(given)})
    def logs(self, kind): return [entry['message'] for entry in self.of_session('/se/log', {'type': kind})]

    def find(self, css, text=''):
        """Waits for the first element of this kind that has the text."""
        return self.until(lambda: self.script('return [...document.querySelectorAll(arguments[0])].find(e => '
                                              'e.innerText.includes(arguments[1]) || !arguments[1])', css, text))

    def click(self, css, text=''):
        element = self.find(css, text)
        self.script('arguments[0].scrollIntoView({block: "center", behavior: "instant"})', element)
        self.of_session(f'/element/{element[ELEMENT]}/click', {})

    def write(self, css, text):
        element = self.find(css)[ELEMENT]
        self.of_session(f'/element/{element}/clear', {})
        self.of_session(f'/element/{element}/value', {'text': text})

    def text(self, css): return self.script('return arguments[0].innerText', self.find(css))

    def picture(self): return base64.b64decode(self.ask('GET', self.session + '/screenshot'))

    def close(self):
        try:
            self.ask('DELETE', self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(30)


def look_at(png):
    """Width, height, and the number of different bytes: an empty picture has only zeros in its filtered lines."""
    width, height = struct.unpack('>II', png[16:24])
    data, at = b'', 8
    while at < len(png):
        length, = struct.unpack('>I', png[at:at + 4])
        if png[at + 4:at + 8] == b'IDAT':
            data += png[at + 8:at + 8 + length]
        at += length + 12
    return width, height, len(set(zlib.decompress(data)))


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(os.path.join(devstack.ROOT, 'build/docs/index.html')):
            raise unittest.SkipTest('make could not fetch Swagger UI')
        cls.base = f'http://127.0.0.1:{STACK.port}'
        cls.pictures = os.path.join(BUILD, 'docs-pictures')
        shutil.rmtree(cls.pictures, ignore_errors=True)
        os.makedirs(cls.pictures)
        data = tempfile.mkdtemp(prefix='fettle-docs-')
        cls.addClassCleanup(shutil.rmtree, data, ignore_errors=True)
        cls.browser = Browser(data)
        cls.addClassCleanup(cls.browser.close)

    def take(self, name, css):
        """Takes a screenshot with this element in the middle; the element is visible and the picture not empty."""
        self.browser.script('arguments[0].scrollIntoView({block: "center", behavior: "instant"})',
                            self.browser.find(css))
        png = self.browser.picture()
        with open(os.path.join(self.pictures, name + '.png'), 'wb') as file:
            file.write(png)
        width, height, kinds = look_at(png)
        self.assertGreater(width * height, 1000 * 700, name)
        self.assertGreater(kinds, 100, f'{name} is blank')

    def run_operation(self, name):
        """Opens an operation and executes it; the status that the page shows."""
        block = f'#operations-tasks-{name}'
        self.browser.click(f'{block} .opblock-summary-control')
        self.browser.find(f'{block} .execute')
        return block

    def execute(self, block):
        self.browser.click(f'{block} .execute')
        return self.browser.text(f'{block} .live-responses-table tbody .response-col_status').split()[0]

    def test_authorize_list_tasks_create_a_task(self):
        browser, user = self.browser, STACK.user('reader-of-docs')
        browser.go(self.base + '/docs')
        self.assertEqual(browser.script('return location.href'), self.base + '/docs/')
        browser.find('.opblock-tag', 'tasks')
        self.assertIn('Fettle', browser.text('.info .title'))
        self.take('1-start', '.info')

        browser.click('.scheme-container .authorize')
        browser.write('.auth-container input[aria-label=auth-api-key], .auth-container input[name=Token], '
                      '.auth-container input[type=text]', 'Token ' + user.token)
        self.take('2-authorize', '.modal-ux')
        browser.click('.modal-ux .auth-btn-wrapper .authorize')
        browser.find('.modal-ux .auth-btn-wrapper button', 'Logout')
        browser.click('.modal-ux .btn-done')

        browser.click('#operations-tag-tasks')
        block = self.run_operation('list_tasks')
        self.assertEqual(self.execute(block), '200', browser.text(block))
        self.assertIn('"results": [', browser.text(f'{block} .live-responses-table'))
        self.take('3-list', f'{block} .live-responses-table')
        browser.click(f'{block} .opblock-summary-control')

        block = self.run_operation('create_task')
        browser.write(f'{block} textarea.body-param__text', '{"title": "Written in the browser"}')
        self.assertEqual(self.execute(block), '201', browser.text(block))
        self.assertIn('"title": "Written in the browser"', browser.text(f'{block} .live-responses-table'))
        self.take('4-create', f'{block} .live-responses-table')
        self.take('5-problems', f'{block} .responses-table:not(.live-responses-table)')
        self.assertEqual(STACK.psql(f"select title from tasks where author = {user.id}"), [['Written in the browser']])

        # the policy blocked nothing, and no other host was contacted
        self.assertEqual(
            [line for line in browser.logs('browser') if 'Content Security Policy' in line or 'Refused to' in line], [])
        events = [json.loads(line)['message'] for line in browser.logs('performance')]
        asked = [event['params']['request']['url'] for event in events
                 if event['method'] == 'Network.requestWillBeSent']
        self.assertGreater(len(asked), 5)
        # pages of the browser itself, chrome:// and chrome-untrusted://, are not other hosts
        self.assertEqual([url for url in asked if not url.startswith((self.base + '/', 'data:', 'blob:', 'chrome'))],
                         [])

    def test_the_policy_of_the_pages_is_strict(self):
        client = STACK.client()
        for path, kind in (('/docs/', 'text/html'), ('/docs/docs.js', 'text/javascript'),
                           ('/docs/swagger-ui-bundle.js', 'text/javascript'), ('/docs/swagger-ui.css', 'text/css')):
            answer = client.get(path)
            self.assertEqual((answer.status, answer.headers['content-type'].partition(';')[0]), (200, kind), path)
            policy = dict(part.strip().partition(' ')[::2]
                          for part in answer.headers['content-security-policy'].split(';'))
            self.assertEqual((policy['default-src'], policy['script-src'], policy['style-src'], policy['connect-src'],
                              policy['frame-ancestors']), ("'none'", "'self'", "'self'", "'self'", "'none'"))
            self.assertNotIn('unsafe', answer.headers['content-security-policy'])
            self.assertEqual((answer.headers['x-content-type-options'], answer.headers['x-frame-options'],
                              answer.headers['cache-control']), ('nosniff', 'DENY', 'no-cache'))
        self.assertNotIn("'self'", client.get('/api/v1/health').headers['content-security-policy'])

    def test_other_paths_below_docs_do_not_exist(self):
        client = STACK.client()
        for path in ('/docs/nothing', '/docs/../nginx.conf', '/docs/%2e%2e/nginx.conf', '/docs../nginx.conf',
                     '/docs/swagger-ui-bundle.js/x'):
            answer = client.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertEqual(answer.headers['content-type'], 'application/problem+json', path)
        answer = client.get('/docs')
        self.assertEqual((answer.status, answer.headers['location']), (301, '/docs/'))
