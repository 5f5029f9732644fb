"""fettle deploy and fettle rollback: a new binary under load, broken binaries, and refused deployments."""
import collections
import os
import re
import shlex
import subprocess
import tempfile
import threading
import time
import unittest

MACHINE, BUILD = None, 'build'
CLIENTS = 32
SECONDS = float(os.environ.get('SECONDS', '60'))
HANDLERS, FORMER = '/usr/lib/fettle/handlers', '/usr/lib/fettle/former'
NAME = 'task_status'
SOONER = f'/etc/systemd/system/fettle@{NAME}.service.d'
# compiled from broken.cpp; each fails in another way when it serves
BROKEN = {
    'ends': '-DENDS=3',
    'idles': '-DENDS=0',
    'dies': '-DDIES=9',
    'refuses': '-DSILENT=1',
    'swallows': '-DSILENT=2',
    'lacks': '-DFAULTS',
}


class Load:
    """Clients that each change the status of a task until the load ends. No client or proxy repeats these requests."""

    def __init__(self):
        self.answers, self.longest, self.over = collections.Counter(), 0.0, threading.Event()
        self.threads = [threading.Thread(target=self.call, args=(task,)) for task in TASKS]

    def call(self, task):
        client, lock = MACHINE.client(MACHINE.root.token), threading.Lock()
        while not self.over.is_set():
            began = time.monotonic()
            for status in ('In Progress', 'Pending'):
                try:
                    outcome = client.patch(f'/api/v1/tasks/{task}/status', {'status': status}).status
                except OSError as fault:
                    outcome = repr(fault)
                with lock:
                    self.answers[outcome] += 1
            self.longest = max(self.longest, time.monotonic() - began)
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for(2 * CLIENTS)
        return self

    def __exit__(self, *fault):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, more):
        """Waits until so many more requests were answered."""
        until, deadline = self.answers.total() + more, time.monotonic() + 60
        while self.answers.total() < until:
            assert time.monotonic() < deadline, f'no answers: {self.answers}'
            time.sleep(0.01)


def setUpModule():
    """Copies to the machine: the handler with other last bytes, one that does not fit the schema, and broken.cpp."""
    global TASKS
    TASKS = [MACHINE.root.post('/api/v1/tasks', {'title': f'Deploy {i}'}).json['id'] for i in range(CLIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        to = os.path.join(folder, 'root/deployed')
        os.makedirs(to)
        os.chmod(os.path.dirname(to), 0o700)  # no handler can read it
        with open(os.path.join(BUILD, 'handlers', NAME), 'rb') as file:
            good = file.read()
        for name, content in (
            ('good', good),
            ('other', good + b'\0'),
            ('third', good + b'\0\0'),
            ('unfit', good.replace(b'claimed_until', b'claimed_intil')),
        ):
            with open(os.path.join(to, name), 'wb') as file:
                file.write(content)
            os.chmod(file.name, 0o755)
        for name, how in BROKEN.items():
            subprocess.run(
                [
                    'g++',
                    '-std=c++20',
                    how,
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), 'broken.cpp'),
                    '-o',
                    os.path.join(to, name),
                ],
                check=True,
            )
        with open(os.path.join(to, 'text'), 'w') as file:
            file.write('#!/bin/sh\n')
        MACHINE.copy(folder)
    MACHINE.run('chmod 700 /root')
    if SECONDS < 60:
        # A process that ignores SIGTERM is killed after TimeoutStopSec, half a minute. A healthy handler needs at most
        # the 10 s in which the database answers or gives up.
        MACHINE.run(f'mkdir -p {SOONER} && printf "[Service]\nTimeoutStopSec=10s\n" > {SOONER}/sooner.conf '
                    '&& systemctl daemon-reload')


def tearDownModule():
    MACHINE.run(f'rm -rf {SOONER} && systemctl daemon-reload')


class Rollout(unittest.TestCase):
    def setUp(self):
        MACHINE.run(f'rm -rf {FORMER}')
        self.assertEqual(self.fettle('deploy', NAME, '/root/deployed/good')[0], 0)
        self.before = self.state()

    def fettle(self, *words, by=''):
        """Runs the command in the machine. Returns exit status, standard output, standard error, and seconds."""
        began = time.monotonic()
        text = MACHINE.run(f'{by} fettle {shlex.join(words)} 2> /tmp/stderr; echo "=$?"; cat /tmp/stderr')
        said, status, complaint = re.fullmatch(r'(?s)(.*?)=(\d+)\n(.*)', text).groups()
        return int(status), said, complaint, time.monotonic() - began

    def state(self):
        """What a refused deployment must not change: the files, and the process."""
        files = MACHINE.run(
            f'cd /usr/lib/fettle && sha256sum handlers/{NAME}; ls -A handlers; ls -A former 2> /dev/null; true'
        )
        return files, MACHINE.run(f'systemctl show -p MainPID fettle@{NAME}.service')

    def refused(self, *words, by='', status=1):
        """Runs a command that must be refused before anything is changed. Returns its standard error."""
        found, said, complaint, _ = self.fettle(*words, by=by)
        self.assertEqual((found, said), (status, ''), complaint)
        self.assertTrue(complaint.startswith('fettle: '), complaint)
        self.assertEqual(self.state(), self.before)
        return complaint

    def runs(self, name):
        """Checks that the process that serves runs this file, and that this file is installed."""
        MACHINE.run(
            f'cmp {HANDLERS}/{NAME} /root/deployed/{name} && cmp /proc/$(systemctl show --value -p MainPID '
            f'fettle@{NAME}.service)/exe /root/deployed/{name}'
        )
        self.assertEqual(MACHINE.run('find /usr/lib/fettle -name ".*"'), '')

    # -- success

    def test_a_deployment_and_its_rollback_under_load_lose_no_request(self):
        took = []
        with Load() as load:
            for words, runs in (
                (('deploy', NAME, '/root/deployed/other'), 'other'),
                (('deploy', NAME, '/root/deployed/third'), 'third'),
                (('rollback', NAME), 'other'),
                (('rollback', NAME), 'third'),
                (('deploy', NAME, '/root/deployed/third'), 'third'),
            ):
                status, said, complaint, seconds = self.fettle(*words)
                self.assertEqual((status, complaint), (0, ''))
                self.assertRegex(
                    said,
                    rf'\A{NAME} (was deployed|has its previous binary again|has this binary already, and was restarted)'
                    rf'; it is healthy after \d+\.\d s\n(run `fettle rollback {NAME}` again to undo this\n)?\Z',
                )
                self.runs(runs)
                took.append(seconds)
                load.wait_for(2 * CLIENTS)
        self.assertEqual(set(load.answers), {200}, load.answers)
        # a binary that was already installed did not become the previous one
        MACHINE.run(f'cmp {FORMER}/{NAME} /root/deployed/other')
        print(
            f'   five deployments took {min(took):.1f} to {max(took):.1f} s; {load.answers.total()} requests '
            f'in this time, none lost, the longest pair waited {load.longest:.2f} s'
        )

    # -- automatic rollback

    def rolled_back(self, name, *words):
        """Deploys it under load; returns the load. It must fail with these words, and the previous one serve again."""
        with Load() as load:
            status, said, complaint, seconds = self.fettle('deploy', NAME, f'/root/deployed/{name}')
            load.wait_for(2 * CLIENTS)
        self.assertEqual((status, said), (1, ''), complaint)
        for word in (*words, 'the previous binary was restored, and is healthy after ', 'this one is broken'):
            self.assertIn(word, complaint)
        self.runs('good')
        self.assertEqual(self.state()[0], self.before[0])
        print(
            f'   {name}: rolled back within {seconds:.1f} s; {dict(load.answers)}, the longest pair waited '
            f'{load.longest:.2f} s'
        )
        return load

    def test_one_that_exits_at_startup_is_rolled_back_and_no_request_is_lost(self):
        self.assertEqual(set(self.rolled_back('ends', 'exited at startup').answers), {200})

    def test_one_that_is_killed_at_startup_is_rolled_back_and_no_request_is_lost(self):
        self.assertEqual(set(self.rolled_back('dies', 'at startup').answers), {200})

    def test_one_that_exits_with_status_0_before_it_serves_is_rolled_back(self):
        # its socket starts it again for waiting clients, and systemd may give up the socket: then nginx cannot connect
        answers = self.rolled_back('idles', 'exited at startup').answers
        self.assertLessEqual(set(answers), {200, 502, 503})

    def test_one_that_accepts_no_connection_is_rolled_back_and_every_client_gets_a_response(self):
        # a request that has waited for too long may be refused with 503
        self.assertLessEqual(set(self.rolled_back('refuses', 'does not answer').answers), {200, 503})

    def test_one_that_accepts_requests_and_never_answers_is_rolled_back(self):
        # requests that it has accepted are lost: nginx does not repeat a PATCH
        answers = self.rolled_back('swallows', 'does not answer').answers
        self.assertGreater(answers[200], 2 * CLIENTS)
        self.assertLessEqual(set(answers), {200, 502, 504})

    def test_one_that_is_unhealthy_when_it_serves_is_rolled_back(self):
        answers = self.rolled_back('lacks', 'is not healthy: oil is missing').answers
        self.assertLessEqual(set(answers), {200, 502, 503})  # it exits without answering other requests

    def test_a_signal_during_a_deployment_restores_the_previous_one(self):
        for name in ('INT', 'TERM', 'HUP'):
            with self.subTest(signal=name):
                status, _, complaint, _ = self.fettle(
                    'deploy', NAME, '/root/deployed/refuses', by=f'timeout --foreground --preserve-status -s {name} 2'
                )
                self.assertEqual(status, 1, complaint)
                self.assertIn('a signal came', complaint)
                self.assertIn('the previous binary was restored, and is healthy', complaint)
                self.runs('good')

    def test_a_deployment_that_is_killed_leaves_the_previous_binary_for_a_rollback(self):
        MACHINE.run(f'timeout --foreground -s KILL 2 fettle deploy {NAME} /root/deployed/refuses || true')
        self.assertEqual(self.fettle('rollback', NAME)[0], 0)
        self.runs('good')

    def test_a_rollback_replaces_a_handler_in_a_crash_loop(self):
        for given_up in (False, True):
            with self.subTest(given_up=given_up):
                self.assertEqual(self.fettle('deploy', NAME, '/root/deployed/other')[0], 0)
                MACHINE.run(
                    f'cd {HANDLERS} && install /root/deployed/ends .new && mv .new {NAME} && systemctl restart '
                    f'fettle@{NAME}.service || :'
                )
                if given_up:
                    MACHINE.run(
                        f'for i in $(seq 300); do systemctl -q is-failed fettle@{NAME}.socket && exit; sleep 0.1; '
                        'done; exit 1'
                    )
                status, _, complaint, _ = self.fettle('rollback', NAME)
                self.assertEqual((status, complaint), (0, ''))
                self.runs('good')
                self.assertEqual(
                    MACHINE.root.patch(f'/api/v1/tasks/{TASKS[0]}/status', {'status': 'Pending'}).status, 200
                )

    # -- refusals before anything is changed

    def test_a_file_that_is_not_this_handler_or_does_not_fit_is_refused(self):
        self.assertRegex(
            self.refused('deploy', NAME, '/root/deployed/unfit'),
            r'does not fit the database or the keys, as the user \S+; nothing was changed.*(?s:.*)claimed_intil',
        )
        self.assertIn('is the handler tasks, not task_status', self.refused('deploy', NAME, HANDLERS + '/tasks'))
        self.assertIn('is not a handler', self.refused('deploy', NAME, '/bin/true'))
        self.assertIn('is not an executable file', self.refused('deploy', NAME, '/root/deployed/text'))
        self.assertIn('is not an executable file', self.refused('deploy', NAME, '/root/deployed'))
        self.assertIn('No such file', self.refused('deploy', NAME, '/root/deployed/nothing'))
        self.assertIn('there is no previous binary', self.refused('rollback', NAME))

    def test_other_users_and_wrong_names_are_refused(self):
        self.assertIn('only root', self.refused('deploy', NAME, HANDLERS + '/' + NAME, by='runuser -u nobody --'))
        self.assertIn("'../x' is not the name", self.refused('deploy', '../x', status=2))
        self.assertIn('name the file', self.refused('deploy', NAME, by='cd / &&', status=2))
        self.assertIn('there is no handler nothing', self.refused('deploy', 'nothing', HANDLERS + '/tasks'))

    def test_another_deployment_at_the_same_time_is_refused(self):
        self.assertIn(
            'another deployment is running',
            self.refused('deploy', NAME, '/root/deployed/other', by=f'flock {HANDLERS}'),
        )

    def test_a_full_disk_changes_nothing(self):
        size = '$(($(stat -c %s /run/kept) * 3 / 2))'
        room = (
            f"unshare --mount bash -c 'cp -a {HANDLERS}/{NAME} /run/kept && mount -t tmpfs -o size={size} full "
            f"{HANDLERS} && mv /run/kept {HANDLERS}/{NAME} && \"$@\"' --"
        )
        self.assertIn('No space left on device', self.refused('deploy', NAME, '/root/deployed/other', by=room))

    def test_a_handler_that_is_masked_or_held_back_is_left_alone(self):
        service, listening = f'fettle@{NAME}.service', f'fettle@{NAME}.socket'
        for wrong, mend, words in (
            (
                f'systemctl mask -q --runtime {service}',
                f'systemctl unmask -q --runtime {service}',
                f'{service} is masked',
            ),
            (
                f'systemctl mask -q --runtime {listening}',
                f'systemctl unmask -q --runtime {listening}',
                f'{listening} is masked',
            ),
        ):
            MACHINE.run(wrong)
            try:
                self.assertIn(words, self.refused('deploy', NAME, '/root/deployed/other'))
            finally:
                MACHINE.run(mend)
        folder = f'/run/systemd/system/{service}.d'
        MACHINE.run(
            f'mkdir -p {folder} && printf "[Unit]\nConditionPathExists=!/run/held\n" > {folder}/held.conf && systemctl '
            'daemon-reload && touch /run/held'
        )
        try:
            self.assertIn(
                'would not start while /run/held exists', self.refused('deploy', NAME, '/root/deployed/other')
            )
        finally:
            MACHINE.run(f'rm -r {folder} /run/held && systemctl daemon-reload')
        MACHINE.run(f'systemctl stop {service} {listening}')
        try:
            status, _, complaint, _ = self.fettle('deploy', NAME, '/root/deployed/other')
            self.assertEqual(status, 1)
            self.assertIn(f'`systemctl enable --now {listening}`', complaint)
        finally:
            MACHINE.run(f'systemctl start {listening}')

    # -- fettle doctor: what only an installation on a machine can show

    def doctor(self, *words):
        status, said, complaint, seconds = self.fettle('doctor')
        self.assertEqual((status, complaint), (1, ''), said)
        for word in words:
            self.assertRegex(said, r'(?m)^FAIL.*' + word)

    def test_the_doctor_finds_sockets_that_are_missing_or_belong_to_another_user(self):
        path = f'/run/fettle/{NAME}.sock'
        for wrong, mend, words in (
            (
                f'systemctl stop fettle@{NAME}.socket fettle@{NAME}.service',
                f'systemctl start fettle@{NAME}.socket',
                f'{path} cannot be found',
            ),
            (f'chown nobody {path}', f'chown root {path}', f'{path} must belong to root'),
            (f'chgrp nogroup {path}', f'chgrp www-data {path}', f'{path} must belong to the group www-data'),
            (f'chmod 0666 {path}', f'chmod 0660 {path}', f'{path} is open to all users'),
            (f'chmod 0600 {path}', f'chmod 0660 {path}', f'{path} must have the mode 0660'),
        ):
            with self.subTest(words=words):
                MACHINE.run(wrong)
                try:
                    self.doctor(words)
                finally:
                    MACHINE.run(mend)
        MACHINE.run(f'systemctl mask -q fettle@{NAME}.socket && systemctl stop fettle@{NAME}.socket')
        try:
            self.assertRegex(self.fettle('doctor')[1], rf'(?m)^ok +sockets .*; masked or disabled: {NAME}$')
        finally:
            MACHINE.run(f'systemctl unmask -q fettle@{NAME}.socket && systemctl start fettle@{NAME}.socket')

    def test_the_doctor_reports_a_stopped_database_and_the_handlers_that_need_it(self):
        MACHINE.run('systemctl stop postgresql@*')
        try:
            self.doctor('database +does not answer', r'handlers .*tasks.*is not healthy: the database does not answer')
        finally:
            MACHINE.run('systemctl start postgresql')
            MACHINE.run(
                'cd / && for i in $(seq 100); do runuser -u postgres -- psql -qc "select 1" > /dev/null 2>&1 && break; '
                'sleep 0.1; done'
            )
