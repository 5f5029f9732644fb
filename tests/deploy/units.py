"""The units: tests from inside that the sandbox is closed."""
import http.client
import os
import re
import subprocess
import tempfile
import unittest

import server

MACHINE = None  # set by run.py
BUILD = 'build'

UPLOADS = ('documents', 'profile_picture')
# of all that tests/deploy/probe.cpp tries, what a handler can do
MAY = {
    'read /var/lib/fettle/keys',
    'read /dev/urandom',
    'read /usr/share/misc/magic.mgc',
    'write /tmp',
    'write /var/tmp',
    'connect /run/postgresql/.s.PGSQL.5432',
    'thread',
    'end',
}
# systemd leaves an empty, closed directory there
MAY_SEE = {'read /run/systemd'}
# the counters of other handlers, and the uploads: both exist during the tests
COUNTED, STORED = 'read /run/fettle-metrics/me/counters', 'read /var/lib/fettle/storage'


def units(kind=''):
    """The names of all unit files, or of those of a kind."""
    return [
        unit
        for unit in MACHINE.run(
            'cd /usr/lib/systemd/system && ls -d fettle*.service fettle*.socket fettle*.timer fettle*.target'
        ).split()
        if unit.endswith(kind)
    ]


def instances():
    """The names of all units; for a template, one for each handler."""
    for unit in units():
        if '@' in unit:
            yield from (unit.replace('@', '@' + handler) for handler in MACHINE.handlers())
        else:
            yield unit


def exposure(unit):
    """The exposure of a service by systemd-analyze, from 0 to 10."""
    found = MACHINE.run(f'systemd-analyze security --no-pager {unit}')
    return float(re.search(r'exposure level for \S+: ([\d.]+)', found).group(1))


class Sandbox(unittest.TestCase):
    def test_systemd_finds_no_error_in_any_unit(self):
        # the exit status is 0 even if a key is unknown
        self.assertEqual(MACHINE.run(f'systemd-analyze verify {" ".join(instances())} 2>&1', check=False), '')

    def test_systemd_rates_every_service_as_safe(self):
        for handler in MACHINE.handlers():
            with self.subTest(handler):
                self.assertLessEqual(exposure(f'fettle@{handler}.service'), 0.3)
        for unit in units('.service'):
            if '@' not in unit:
                with self.subTest(unit):
                    self.assertLessEqual(exposure(unit), 0.3)

    def probe(self, handler):
        """What a program can do that runs instead of this handler."""
        path = f'/usr/lib/fettle/handlers/{handler}'
        MACHINE.run(
            f'systemctl stop fettle@{handler}.socket fettle@{handler}.service; mv {path} {path}.real; install -m 755 '
            f'/dev/stdin {path} < /tmp/probe'
        )
        try:
            since = MACHINE.run('date +%s.%N').strip()
            MACHINE.run(f'systemctl start fettle@{handler}.socket fettle@{handler}.service')
            for _ in range(50):
                lines = MACHINE.run(f'journalctl -o cat --no-pager --since @{since} -u fettle@{handler}').splitlines()
                if 'end=0' in lines:
                    break
                MACHINE.run('sleep 0.1')
        finally:
            MACHINE.run(
                f'systemctl stop fettle@{handler}.socket fettle@{handler}.service; mv {path}.real {path}; systemctl '
                f'start fettle@{handler}.socket'
            )
        found = dict(re.findall(r'^(.+)=(\d+)$', '\n'.join(lines), re.MULTILINE))
        self.assertIn('end', found, lines)
        self.assertGreater(len(found), 60)
        return {name for name, error in found.items() if error == '0'}

    def test_a_handler_reaches_only_the_database_the_keys_and_its_own_files(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, 'tmp'))
            subprocess.run(
                [
                    os.environ.get('CXX', 'g++'),
                    '-std=c++20',
                    '-O1',
                    '-pthread',
                    os.path.join(server.HERE, 'probe.cpp'),
                    '-o',
                    os.path.join(folder, 'tmp/probe'),
                ],
                check=True,
            )
            MACHINE.copy(folder)
        MACHINE.run('install -D -m 644 /etc/hostname /var/lib/fettle/storage/probed/file')
        self.assertEqual(MACHINE.root.get('/api/v1/me').status, 200)
        try:
            for handler in ('tasks', 'metrics', *UPLOADS):
                may = {f'write /run/fettle-metrics/{handler}'}
                may |= (
                    {STORED, 'write /var/lib/fettle/storage'}
                    if handler in UPLOADS
                    else {COUNTED} if handler == 'metrics' else {'read /usr/lib/fettle/handlers/tasks'}
                )
                with self.subTest(handler):
                    self.assertEqual(self.probe(handler) - MAY_SEE, MAY | may)
        finally:
            MACHINE.run('rm -r /var/lib/fettle/storage/probed')

    def test_metrics_cover_all_handlers_and_survive_restarts(self):
        def counted():
            ask = http.client.HTTPConnection('127.0.0.1', 9464, timeout=20)
            ask.request('GET', '/metrics', headers={'Host': 'localhost'})
            answer = ask.getresponse()
            text = answer.read().decode()
            self.assertEqual(answer.status, 200, text)
            ask.close()
            return {
                name: float(value)
                for name, value in re.findall(r'^(fettle_http_requests_total\S+) (\S+)$', text, re.MULTILINE)
            }

        client = MACHINE.user()
        for handler, path in (('me', '/api/v1/me'), ('tasks', '/api/v1/tasks'), ('reports', '/api/v1/reports')):
            with self.subTest(handler):
                self.assertEqual(client.get(path).status, 200)
                # a restart waits until the last response has been counted
                MACHINE.run(f'systemctl restart fettle@{handler}.service')
                ((series, before),) = (
                    (name, value)
                    for name, value in counted().items()
                    if f'handler="{handler}"' in name
                    and 'method="GET"' in name
                    and 'status="200"' in name
                    and f'"{path}"' in name
                )
                self.assertEqual(client.get(path).status, 200)
                MACHINE.run(f'systemctl restart fettle@{handler}.service fettle@metrics.service')
                self.assertEqual(counted()[series], before + 1)

    def test_the_line_of_a_request_in_the_journal_can_be_found_by_its_id(self):
        client, mark = MACHINE.user(), 'technician-42'
        answer = client.request('GET', '/api/v1/tasks?search=hidden-words', headers={'X-Request-Id': mark})
        self.assertEqual((answer.status, answer.headers.get('x-request-id')), (200, mark))
        # journald may need some time
        line = MACHINE.run(
            f"for i in $(seq 100); do journalctl -o cat --no-pager -u fettle@tasks | grep {mark} && break; sleep 0.1; "
            "done"
        )
        for words in ('method=GET', 'route=/api/v1/tasks', 'status=200', f'user={client.id}'):
            self.assertIn(words, line)
        self.assertNotIn('hidden-words', line)

    def test_a_handler_has_its_own_user_and_database_role(self):
        for handler in ('tasks', 'health'):
            MACHINE.run(f'systemctl start fettle@{handler}.service')
            pid = MACHINE.pids()[handler]
            self.assertEqual(MACHINE.run(f'ps -o user:40= -p {pid}').strip(), f'fettle_{handler}')
            self.assertIn(f'PGUSER=fettle_{handler}', MACHINE.run(f"tr '\\0' '\\n' < /proc/{pid}/environ").splitlines())

    def test_only_handlers_that_need_files_and_keys_can_read_them(self):
        user = MACHINE.user()
        answer = user.post(
            '/api/v1/documents?file_name=a.txt&title=A',
            raw=b'the text of a file',
            headers={'Content-Type': 'text/plain'},
        )
        self.assertEqual(answer.status, 201, answer)
        name = answer.json['sha256']
        self.assertEqual(
            MACHINE.run(
                f'cd /var/lib/fettle && stat -c "%a %U:%G" . keys storage storage/{name[:2]} storage/{name[:2]}/{name}'
            ).splitlines(),
            [
                '750 fettle:fettle',
                '640 fettle:fettle_keys',
                '2775 fettle:fettle_files',
                '2775 fettle_documents:fettle_files',
                '644 fettle_documents:fettle_files',
            ],
        )
        self.assertEqual(user.get(answer.json['url'].split('localhost', 1)[1]).body, b'the text of a file')
        table = user.get('/api/v1/documents', headers={'Accept': 'text/csv'})
        self.assertEqual((table.status, table.body.count(b'\n')), (200, 2), 'CSV is spooled in /var/tmp')
        before = MACHINE.run('fettle keys')
        MACHINE.run('fettle keys rotate')
        self.assertEqual(MACHINE.run('stat -c "%a %U:%G" /var/lib/fettle/keys').strip(), '640 fettle:fettle_keys')
        self.assertNotEqual(MACHINE.run('fettle keys'), before)
        again = user.get(f'/api/v1/documents/{answer.json["id"]}').json['url']
        self.assertEqual(user.get(again.split('localhost', 1)[1]).body, b'the text of a file', 'a URL of the new key')

    def test_doctor_checks_the_disks_that_nginx_and_postgresql_fill(self):
        for folder in ('/var/lib/nginx/body', '/var/lib/postgresql/other/cluster'):
            with self.subTest(folder):
                MACHINE.run(
                    f'mkdir -p {folder} && mount -t tmpfs -o size=1m full {folder} && ! head -c 2000000 /dev/zero > '
                    f'{folder}/ballast'
                )
                try:
                    self.assertRegex(
                        MACHINE.run('fettle doctor', check=False),
                        rf'(?m)^FAIL +disk +0\.0 % of the disk of {folder} are free; ',
                    )
                finally:
                    MACHINE.run(f'umount {folder}')
        MACHINE.run('rm -r /var/lib/postgresql/other')

    def test_commands_of_timers_run_in_their_sandbox(self):
        for name in ('audit-seal', 'schedules', 'sweep'):
            MACHINE.run(f'systemctl start fettle-{name}.service')
        self.assertIn('fettle-sweep.timer', MACHINE.run('systemctl list-timers --no-pager'))
