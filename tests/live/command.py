"""Runs the built command `fettle`: every command, a second run of it, its errors and its exit statuses."""
import hashlib
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

HEAD = re.compile(r'^sealed (\d+) rows?; head (\d+) ([0-9a-f]{64})$', re.MULTILINE)
NEW = 'nine blue tractors'


class OwnStack(unittest.TestCase):
    """Its own dev stack without accounts, and the command."""
    @classmethod
    def setUpClass(cls):
        cls.own = devstack.DevStack(BUILD).start()
        cls.addClassCleanup(cls.own.stop)

    def environment(self, **more):
        named = {name: value for name, value in os.environ.items() if not name.startswith(('FETTLE_', 'PG', 'DATA'))}
        return {**named, 'FETTLE_ENV': os.path.join(self.own.data, 'env'),
                'FETTLE_SQL': os.path.join(devstack.ROOT, 'sql'), **more}

    def fettle(self, *words, given='', **more):
        return subprocess.run([os.path.join(BUILD, 'fettle'), *words], input=given, capture_output=True, text=True,
                              timeout=120, env=self.environment(**more))

    def done(self, *words, given='', **more):
        """Runs a command that must succeed and write nothing to standard error. Returns its standard output."""
        result = self.fettle(*words, given=given, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ''), result)
        return result.stdout

    def failed(self, *words, given='', status=1, **more):
        """Runs a command that must fail. Returns its standard error."""
        result = self.fettle(*words, given=given, **more)
        self.assertEqual(result.returncode, status, result)
        self.assertTrue(result.stderr.startswith('fettle: '), result)
        return result.stderr

    def doctor(self, **more):
        """Runs doctor. Returns its exit status, and its lines by their subject."""
        result = self.fettle('doctor', **more)
        self.assertEqual(result.stderr, '', result)
        lines = {}
        for line in result.stdout.splitlines():
            self.assertRegex(line, r'^(ok    |warn  |FAIL  )\S.{11} \S')
            lines.setdefault(line[6:19].strip(), []).append((line[:6].strip(), line[19:]))
        return result.returncode, lines

    def login(self, name, password):
        return self.own.client().post('/api/v1/auth/login', {'username': name, 'password': password})


class Command(OwnStack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = cls.own.user('boss', superuser=True)

    # -- help and wrong usage

    def test_help_lists_every_command_and_explains_each(self):
        text = self.done('--help')
        self.assertEqual(text, self.done('help'))
        self.fits_one_screen(text)
        groups = {}
        for line in text.splitlines():
            if heading := re.match(r'([A-Z].*):$', line):
                groups[heading.group(1)] = names = []
            elif command := re.match(r'  ([a-z]+(?: [a-z]+)?)  +[A-Z]', line):
                names.append(command.group(1))
        self.assertEqual(groups, {
            'Set up': ['migrate', 'roles', 'superuser', 'example'], 'Deploy': ['deploy', 'rollback'],
            'Accounts, keys and settings': ['password', 'settings', 'keys', 'keys rotate'],
            'Check and maintain': ['doctor', 'audit seal', 'audit verify', 'schedules run', 'sweep']})
        for name in (name for names in groups.values() for name in names):
            with self.subTest(name):
                usage = self.done(*name.split(), '--help')
                self.assertEqual(usage, self.done('help', *name.split()))
                self.fits_one_screen(usage)
                self.assertTrue(usage.startswith(f'Usage: fettle {name}'), usage)
                self.assertRegex(usage, rf'\nExample:\n  .*fettle {name}')
                self.assertIn('\nExit status: 0 ', usage)
                # each argument is explained
                for argument in re.findall(r'[\w:-]+', usage.splitlines()[0].removeprefix(f'Usage: fettle {name}')):
                    self.assertRegex(usage, rf'(?m)^  {argument}  +\S')

    def fits_one_screen(self, text):
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 24, text)
        self.assertEqual([line for line in lines if len(line) > 80], [])

    def test_it_knows_its_release(self):
        with open(os.path.join(devstack.ROOT, 'Makefile')) as file:
            release = re.search(r'(?m)^RELEASE *:= (\S+)$', file.read())[1]
        self.assertEqual(self.done('--version'), f'fettle {release}\n')

    def test_help_explains_the_environment(self):
        usage = self.done('settings', '--help')
        for name in ('FETTLE_ENV', 'DATA', 'PGHOST', 'PGUSER', 'FETTLE_SOCKETS', 'FETTLE_SQL', '/etc/fettle/'):
            self.assertIn(name, usage)

    def test_the_first_word_of_commands_lists_them(self):
        for word, names in (('audit', ['audit seal', 'audit verify']), ('schedules', ['schedules run'])):
            usage = self.done(word, '--help')
            self.assertEqual(re.findall(r'(?m)^  ([a-z]+ [a-z]+)  ', usage), names)
            self.assertIn(usage, self.failed(word, status=2))
            self.assertIn(usage, self.failed(word, 'polish', status=2))

    def test_a_mistyped_command_suggests_the_nearest(self):
        for words, nearest in ((['migrat'], 'migrate'), (['setings'], 'settings'), (['key'], 'keys'),
                               (['audit', 'verfiy'], 'audit verify'), (['audti', 'seal'], 'audit seal'),
                               (['rolback', 'tasks'], 'rollback'), (['help', 'docter'], 'doctor')):
            text = self.failed(*words, status=2)
            self.assertIn(f'did you mean "{nearest}"?', text)
            self.assertIn('Run "fettle --help"', text)
        text = self.failed('polish', status=2)
        self.assertEqual(text, 'fettle: there is no command "polish"\nRun "fettle --help" for the list of commands.\n')

    def test_wrong_usage_is_status_2_with_the_usage(self):
        for words in ((), ('audit',), ('audit', 'polish'), ('migrate', 'now'), ('superuser',),
                      ('password',), ('password', 'ann', 'secret'),
                      ('superuser', 'a', 'b@example.org', 'c'), ('keys', 'turn'), ('sweep', '--all'), ('schedules',),
                      ('schedules', 'run', '7'), ('example', 'now'), ('example', 'if-empty', 'now'), ('deploy',),
                      ('deploy', 'tasks', 'FILE', 'now'), ('deploy', '../tasks'), ('deploy', 'Tasks'), ('rollback',),
                      ('rollback', 'tasks', 'now'), ('audit', 'verify', '12'),
                      ('audit', 'verify', '0:' + 64 * 'a'), ('audit', 'verify', '1:' + 63 * 'a')):
            text = self.failed(*words, status=2)
            self.assertIn('\n\nUsage: fettle', text, words)
            self.assertIn('Run "fettle ', text, words)

    def test_unreadable_settings_are_reported(self):
        self.assertIn('/nowhere/env', self.failed('roles', FETTLE_ENV='/nowhere/env'))
        path = os.path.join(self.own.data, 'odd')
        with open(path, 'w') as file:
            file.write('# odd\n\nPGUSER\n')
        self.assertIn('line 3 of ', self.failed('roles', FETTLE_ENV=path))

    def test_an_invalid_line_of_the_settings_is_reported_and_nothing_is_done(self):
        with open(os.path.join(self.own.data, 'env')) as file:
            lines = file.read()
        for line in ('export PGHOST=/nowhere', 'PGUSER = fettle', '\ufeffPGUSER=fettle', '1A=b', '=b', 'word'):
            path = os.path.join(self.own.data, 'odd.env')
            with open(path, 'w') as file:
                file.write(lines + line + '\n')
            self.assertIn('is not NAME=value', self.failed('keys', FETTLE_ENV=path), line)
        self.assertIn(self.own.data, self.failed('keys', FETTLE_ENV=self.own.data))  # a directory
        self.assertIn('must begin with a slash', self.failed('keys', FETTLE_KEYS='keys'))

    def test_closed_standard_streams_are_not_used_for_the_database(self):
        for closed in ('<&-', '>&-', '2>&-', '<&- >&- 2>&-'):
            command = f'"{os.path.join(BUILD, "fettle")}" audit seal {closed}'
            self.assertEqual(subprocess.run(['bash', '-c', command], env=self.environment(),
                                            capture_output=True).returncode, 0, closed)
        command = f'"{os.path.join(BUILD, "fettle")}" password boss <&-'
        result = subprocess.run(['bash', '-c', command], env=self.environment(), capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr),
                         (1, 'fettle: no password was given; nothing was changed\n'))

    def test_migrate_applies_only_new_migrations_and_all_or_none(self):
        self.own.psql('create database older owner fettle')
        older = {'PGDATABASE': 'older'}

        def psql(sql):
            return subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', self.own.run, '-U', 'fettle',
                                   'older'], input=sql, capture_output=True, text=True, check=True).stdout
        psql('create table migrations (name text primary key, sha256 text not null, '
             'applied_at timestamptz not null default now())')
        for name in ('001_accounts', '002_tasks'):
            with open(os.path.join(devstack.ROOT, 'sql/tables', name + '.sql')) as file:
                sql = file.read()
            psql(sql)
            psql(f"insert into migrations values ('{name}', '{hashlib.sha256(sql.encode()).hexdigest()}')")
        psql("insert into users (username, email, is_active) "
             "values ('ann', 'a@example.org', true), ('bob', 'b@example.org', false);"
             "insert into sessions (user_id, key, expires_at) "
             "select id, sha256(username::bytea), now() + interval '1 day' from users")
        # all or nothing: a migration that fails undoes those before it
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shutil.copytree(os.path.join(devstack.ROOT, 'sql'), folder, dirs_exist_ok=True)
            with open(os.path.join(folder, 'tables/999_broken.sql'), 'w') as file:
                file.write('select no_such_thing();')
            self.assertIn('no_such_thing', self.failed('migrate', **older, FETTLE_SQL=folder))
        self.assertEqual(psql('select name from migrations order by name'), '001_accounts\n002_tasks\n')
        self.assertEqual(psql("select to_regclass('profiles') is null"), 't\n')
        self.assertIn('applied 003', self.done('migrate', **older))
        self.assertEqual(psql('select id from profiles order by id'), '1\n2\n')
        # the session of a deactivated account does not become valid again
        self.assertEqual(psql('select user_id, ended_as from sessions order by user_id'), '1|\n2|session_ended\n')
        self.assertRegex(self.done('audit', 'verify', **older), 'unchanged since (it was|they were) sealed')

    def test_a_database_that_does_not_answer_is_status_1(self):
        for words in (('migrate',), ('roles',), ('superuser', 'ann'), ('password', 'ann'), ('audit', 'seal'),
                      ('audit', 'verify'), ('schedules', 'run'), ('sweep',), ('example',)):
            text = self.failed(*words, PGHOST='/nowhere')
            self.assertIn('the database does not answer', text)
            self.assertIn('\nfettle: check that PostgreSQL runs', text)

    # -- migrate and roles

    def test_migrate_repeats(self):
        self.assertEqual(self.done('migrate'),
                         'functions, permissions and grants are up to date\nindexes are up to date\n')

    def test_roles_restores_what_is_missing_and_then_changes_nothing(self):
        permissions = self.own.psql('select code from permissions order by code')
        held = self.own.psql('select r.name, code from role_permissions join roles r on r.id = role_id order by 1, 2')
        self.own.psql(
            """delete from role_permissions where role_id = (select id from roles where name = 'administrator');
                         delete from role_permissions where role_id = (select id from roles where name = 'manager')
                             and code = 'tasks.view_all';
                         delete from permissions where code = 'tasks.assign';
                         insert into permissions (code, description) values ('lathe.oil', 'Oil the lathe.');
                         delete from user_roles; delete from roles where name = 'employee'""")
        text = self.done('roles')
        for line in ('added: role employee', 'added: administrator may tasks.delete_all',
                     'removed: permission lathe.oil: Oil the lathe.'):
            self.assertIn(line + '\n', text)
        self.assertIn(f'administrator: {len(permissions)} permissions\n', text)
        self.assertEqual(self.own.psql('select code from permissions order by code'), permissions)
        # a permission that was taken from an existing role stays removed
        self.assertEqual(self.own.psql('select r.name, code from role_permissions join roles r on r.id = role_id '
                                       'order by 1, 2'),
                         [row for row in held if row != ['manager', 'tasks.view_all']])
        self.assertRegex(self.own.psql("select distinct ip from audit where table_name = 'roles' "
                                       "and operation = 'insert' and new ->> 'name' = 'employee' "
                                       'and id > (select max(id) - 40 from audit)')[0][0], r'^fettle roles, \S+$')
        self.assertTrue(self.done('roles').endswith('nothing changed\n'))
        self.own.psql("insert into role_permissions select id, 'tasks.view_all' from roles where name = 'manager'")

    # -- superuser and password

    def test_superuser_creates_an_account_that_logs_in(self):
        self.assertEqual(self.done('superuser', 'ada', 'Ada@example.org', given=devstack.PASSWORD + '\n'),
                         'created ada, a superuser with the role employee\n')
        answer = self.login('ADA', devstack.PASSWORD)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json['user']['is_superuser'], answer.json['user']['roles'],
                          answer.json['user']['email']), (True, ['employee'], 'Ada@example.org'))
        rows = self.own.psql("select table_name, user_id, ip from audit where ip like 'fettle superuser, %' "
                             "and new::text like '%ada%' or "
                             "(table_name = 'credentials' and row_id = (select id from users where username = 'ada'))")
        self.assertEqual({row[0] for row in rows}, {'users', 'credentials'})
        self.assertEqual({(row[1], row[2].split(',')[0]) for row in rows}, {('', 'fettle superuser')})
        # again, in upper or lower case: it already is one
        self.assertEqual(self.done('superuser', 'aDa'), 'ada is already an active superuser\n')
        self.assertEqual(self.done('superuser', 'ada', 'ada@EXAMPLE.org'), 'ada is already an active superuser\n')

    def test_superuser_promotes_and_activates_without_a_password(self):
        user = self.own.user('ben')
        self.own.psql(f'update users set is_active = false where id = {user.id}')
        self.assertEqual(self.done('superuser', 'BEN'), 'ben is now a superuser, and active again\n')
        self.assertEqual(self.own.psql(f'select is_active, is_superuser from users where id = {user.id}'), [['t', 't']])
        self.assertEqual(self.login('ben', devstack.PASSWORD).status, 200)
        self.own.psql(f'delete from credentials where user_id = {user.id}')
        self.assertIn('no password', self.done('superuser', 'ben'))

    def test_superuser_refuses_and_names_every_error(self):
        count = self.own.psql('select count(*) from users')
        text = self.failed('superuser', 'a b', 'nowhere', given='short\n')
        for name in ('username: ', 'email: ', 'password: '):
            self.assertIn('fettle: ' + name, text)
        self.assertIn('too similar', self.failed('superuser', 'montgomery', 'm@example.org', given='montgomery\n'))
        self.assertIn('too common', self.failed('superuser', 'monty', 'm@example.org', given='password1\n'))
        self.assertIn('no password was given', self.failed('superuser', 'monty', 'm@example.org'))
        self.assertIn('email address', self.failed('superuser', 'monty'))
        self.assertIn('another account', self.failed('superuser', 'monty', 'BOSS@example.org', given=devstack.PASSWORD))
        self.assertIn('another email address', self.failed('superuser', 'boss', 'monty@example.org'))
        self.assertEqual(self.own.psql('select count(*) from users'), count)

    def test_only_one_of_many_commands_creates_the_same_superuser(self):
        results = [None] * 6

        def run(i):
            results[i] = self.fettle('superuser', 'raced', 'raced@example.org', given=devstack.PASSWORD)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([r.stdout for r in results].count('created raced, a superuser with the role employee\n'), 1,
                         results)
        for result in results:  # the others looked for the account before, or after it existed
            self.assertTrue(result.returncode == 0 or 'taken the name' in result.stderr
                            or 'another account' in result.stderr, result)
        self.assertEqual(self.own.psql("select count(*) from users u join credentials c on c.user_id = u.id "
                                       "join user_roles r on r.user_id = u.id where username = 'raced'"), [['1']])

    def test_password_ends_sessions_keeps_tokens_and_resets_failed_logins(self):
        user = self.own.user('carl')
        secret = 43 * 'c'
        self.own.psql(f"insert into sessions (user_id, kind, key) values ({user.id}, 'token', sha256('{secret}'))")
        script = self.own.client(secret)
        self.assertEqual(script.get('/api/v1/tasks').status, 200)
        for body in ({'username': 'CARL'}, {'email': 'carl@example.org'}):
            statuses = [self.own.client().post('/api/v1/auth/login', {**body, 'password': 'wrong one'}).status
                        for _ in range(7)]
            self.assertIn(429, statuses)
        self.assertEqual(self.done('password', 'Carl', given=NEW + '\n'), 'carl has a new password; ended 1 session\n')
        answer = user.get('/api/v1/me')
        self.assertEqual((answer.status, answer.json['code']), (401, 'session_ended'), answer)
        self.assertEqual(script.get('/api/v1/tasks').status, 200)
        self.assertEqual(self.own.psql("select name from login_failures where name like '%carl%'"), [])
        self.assertEqual(self.login('carl', devstack.PASSWORD).status, 401)
        self.assertEqual(self.login('carl', NEW).status, 200)
        # the same command again
        self.assertEqual(self.done('password', 'carl', given=NEW), 'carl has a new password; ended 1 session\n')
        rows = self.own.psql(
            f"select ip from audit where row_id = {user.id} and table_name = 'credentials' and operation = 'update'")
        self.assertEqual({row[0].split(',')[0] for row in rows}, {'fettle password'})
        self.own.psql(f'delete from credentials where user_id = {user.id}; update users set is_active = false '
                      f'where id = {user.id}')
        self.assertIn('not active', self.done('password', 'carl', given=NEW))
        self.done('superuser', 'carl')
        self.assertEqual(self.login('carl', NEW).status, 200)

    def test_password_is_refused(self):
        self.own.user('dora')
        self.assertIn('no account nobody', self.failed('password', 'nobody', given=NEW))
        for wrong in ('short', 'dora', 'Dora@example.org', 'password1', 'x' * 129, 'not \udcff utf-8'):
            result = subprocess.run([os.path.join(BUILD, 'fettle'), 'password', 'dora'], input=wrong.encode(
                errors='surrogateescape'), capture_output=True, env=self.environment())
            self.assertEqual(result.returncode, 1, result)
            self.assertIn(b'password: ', result.stderr)
        self.assertEqual(self.login('dora', devstack.PASSWORD).status, 200)

    def on_terminal(self, words, *typed, stop=None):
        """Runs a command on a terminal of its own, and types a line for each prompt. Returns its exit status, and all
        that the terminal shows."""
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # in the background of a shell, a suite ignores this signal
            os.execve(os.path.join(BUILD, 'fettle'), ['fettle', *words], self.environment())
        shown, waiting = b'', list(typed)
        deadline = time.monotonic() + 60
        prompted = 0
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                shown += piece
            elif shown.count(b': ') > prompted and waiting:  # no output for 0.1 s, after a new prompt
                prompted = shown.count(b': ')
                os.write(terminal, waiting.pop(0).encode())
        os.close(terminal)
        return os.waitpid(pid, 0)[1], shown.decode()

    def test_on_a_terminal_the_password_is_asked_for_twice_and_never_shown(self):
        self.own.user('ella')
        status, shown = self.on_terminal(['password', 'ella'], NEW + '\n', NEW + '\n')
        self.assertEqual(status, 0, shown)
        self.assertIn('New password for ella: ', shown)
        self.assertIn('Again: ', shown)
        self.assertNotIn(NEW, shown)
        self.assertEqual(self.login('ella', NEW).status, 200)
        # two passwords that differ, the end of the input, an interruption: nothing is changed
        status, shown = self.on_terminal(['password', 'ella'], 'seven red wagons\n', 'seven red waggons\n')
        self.assertEqual(os.waitstatus_to_exitcode(status), 1, shown)
        self.assertIn('not the same', shown)
        status, shown = self.on_terminal(['password', 'ella'], '\x04')
        self.assertEqual(os.waitstatus_to_exitcode(status), 1, shown)
        status, shown = self.on_terminal(['password', 'ella'], 'seven\x03')
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT, shown)
        self.assertNotIn('seven', shown)
        self.assertEqual(self.login('ella', NEW).status, 200)
        # a bad name is refused before the password is asked for
        status, shown = self.on_terminal(['superuser', 'a b', 'ab@example.org'])
        self.assertEqual(os.waitstatus_to_exitcode(status), 1, shown)
        self.assertNotIn('New password', shown)

    # -- keys

    def test_keys_rotate_keeps_sessions_and_drops_old_keys(self):
        path = self.own.env['FETTLE_KEYS']
        self.own.user('finn')
        answer = self.login('finn', devstack.PASSWORD)
        clients = [self.own.client(answer.json['token'])]
        if 'access' in answer.json:
            clients.append(self.own.client())
            bearer = {'Authorization': 'Bearer ' + answer.json['access']}
        listed = self.done('keys')
        for use in ('access', 'media'):
            self.assertRegex(listed, rf'(?m)^{use} +\S{{8}}  created \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC  signs$')
        self.assertIn('sessions and URLs of files stay valid', self.done('keys', 'rotate'))
        old = [line.replace('signs', 'verifies') for line in listed.splitlines()]
        access, media = old if old[0].startswith('access') else reversed(old)
        self.assertEqual(self.done('keys').splitlines()[1::2], [access, media])
        self.assertEqual(clients[0].get('/api/v1/me').status, 200)
        if 'access' in answer.json:
            self.assertEqual(clients[1].get('/api/v1/me', headers=bearer).status, 200)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(os.stat(path).st_uid, os.stat(os.path.dirname(path)).st_uid)
        # a key is removed two hours after another one has replaced it
        with open(path) as file:
            text = file.read()
        for secret in re.findall(r'^\w+ \S+ \d+ (\S+)$', text, re.MULTILINE):
            self.assertNotIn(secret, listed)
        old = re.sub(r'^(\w+ \S+) \d+ ', lambda m: f'{m.group(1)} {int(time.time()) - 7200} ', text, flags=re.MULTILINE)
        with open(path, 'w') as file:
            file.write(old)
        self.done('keys', 'rotate')
        self.assertEqual([(line.split()[0], line.split()[-1]) for line in self.done('keys').splitlines()],
                         [('access', 'signs'), ('access', 'verifies'), ('media', 'signs'), ('media', 'verifies')])
        # a file of an earlier release gets the keys that it lacks, and keeps the others
        with open(path) as file:
            lines = file.readlines()
        with open(path, 'w') as file:
            file.writelines(line for line in lines if not line.startswith('media '))
        listed = self.done('keys').splitlines()
        self.assertEqual([(line.split()[0], line.split()[-1]) for line in listed],
                         [('access', 'signs'), ('access', 'verifies'), ('media', 'signs')])
        with open(path) as file:
            self.assertEqual(file.readlines()[:3], lines[:3])
        os.chmod(path, 0o644)
        self.addCleanup(os.chmod, path, 0o600)
        self.assertIn('0600', self.failed('keys'))
        self.assertIn('0600', self.failed('keys', 'rotate'))

    # -- audit

    def sealed(self):
        return HEAD.search(self.done('audit', 'seal')).groups()

    def test_audit_seals_and_verifies(self):
        self.boss.post('/api/v1/tasks', {'title': 'Oil'})
        number, position, digest = self.sealed()
        self.assertGreater(int(number), 0)
        self.assertEqual(self.sealed(), ('0', position, digest))
        self.assertTrue(
            self.done('audit', 'verify').endswith(f'\n{position} rows are unchanged since they were sealed\n'))
        self.done('audit', 'verify', f'{position}:{digest.upper()}')
        self.assertIn('another hash', self.failed('audit', 'verify', f'{position}:{64 * "0"}'))
        self.assertIn('cut off', self.failed('audit', 'verify', f'{int(position) + 1}:{digest}'))

    def verdict(self, wrong, mend):
        """What verify reports about a trail that `wrong` has changed; `mend` restores it, and then it is correct."""
        self.own.psql(wrong)
        try:
            text = self.failed('audit', 'verify')
        finally:
            self.own.psql(mend)
        self.assertIn('since they were sealed', self.done('audit', 'verify'))
        return text

    def test_audit_verify_finds_changed_removed_and_added_rows(self):
        self.assertEqual(self.boss.post('/api/v1/tasks', {'title': 'Oil'}).status, 201)
        for _ in range(3):  # until no earlier id can appear
            self.boss.post('/api/v1/tasks', {'title': 'Oil'})
            self.sealed()
        [[row, table]] = self.own.psql('select id, table_name from audit order by id limit 1 offset 5')
        keep = (f'create table kept as select * from audit where id = {row}; '
                'create table links as select * from audit_seals')
        back = 'truncate audit_seals; insert into audit_seals select * from links; drop table kept, links'
        again = (f'delete from audit where id = {row}; '
                 f'insert into audit overriding system value select * from kept; {back}')
        for column in ("ip = '10.9.8.7'", "user_id = 77", "at = at + interval '1 microsecond'", "new = '{}'",
                       "operation = 'insert!'", 'row_id = row_id + 1'):
            text = self.verdict(f'{keep}; update audit set {column} where id = {row}', again)
            self.assertRegex(text, rf'^fettle: audit row {row} \(\d{{4}}-.* UTC, \S+ of row \d+ of {table}\), '
                             rf'sealed at position \d+ .* was changed')
        text = self.verdict(f'{keep}; delete from audit where id = {row}', again)
        self.assertRegex(text, rf'^fettle: audit row {row}, sealed at position \d+ on .* UTC, was removed\n$')
        # a row with an id that was never used, or whose transaction was rolled back
        self.own.psql("begin; insert into roles (name) values ('undone'); rollback")
        self.boss.post('/api/v1/tasks', {'title': 'Oil'})
        [self.sealed() for _ in range(3)]
        [[gap]] = self.own.psql('select min(g) from generate_series(1, (select max(id) from audit)) g '
                                'where not exists (select from audit where id = g)')
        forged = ('insert into audit (id, operation, table_name, row_id) '
                  "overriding system value values ({}, 'delete', 'tasks', 1)")
        text = self.verdict(forged.format(gap), f'delete from audit where id = {gap}')
        self.assertRegex(text, rf'^fettle: audit row {gap} \(.*, delete of row 1 of tasks\) was added afterwards')
        # with a link of its own, inserted between others
        text = self.verdict(f"{keep}; {forged.format(gap)}; insert into audit_seals (position, audit_id, hash) "
                            f"select 0, {gap}, sha256('')", f'delete from audit where id = {gap}; ' + back)
        self.assertIn('fettle: ', text)
        # with an id before all others, and an old time: sealed with the next rows, and found
        text = self.verdict(f"{keep}; insert into audit (at, operation, table_name, row_id) "
                            f"values (now() - interval '2 days', 'delete', 'tasks', 1)",
                            "delete from audit where at < now() - interval '1 day'; " + back)
        self.assertIn('was added afterwards', text)
        # the links: one deleted, the first deleted, two swapped, all deleted
        self.assertIn('none at position 3,', self.verdict(f'{keep}; delete from audit_seals where position = 3', back))
        self.assertIn('none at position 1,', self.verdict(f'{keep}; delete from audit_seals where position = 1', back))
        self.assertIn('was changed',
                      self.verdict(f'{keep}; update audit_seals set audit_id = -audit_id where position in (3, 4); '
                                   'update audit_seals set audit_id = (select -l.audit_id from audit_seals l '
                                   'where l.position = 7 - audit_seals.position) where position = 3; '
                                   'update audit_seals set audit_id = (select audit_id from links where position = 3) '
                                   'where position = 4', back))
        self.assertIn('was added', self.verdict(f'{keep}; delete from audit_seals', back))
        # the state of sealing: deleted, or beyond the last row
        state = 'create table state as select * from audit_sealing'
        restored = 'delete from audit_sealing; insert into audit_sealing select * from state; drop table state'
        self.assertIn('audit_sealing is gone', self.verdict(f'{state}; delete from audit_sealing', restored))
        self.own.psql(f'{state}; update audit_sealing set complete = complete + 1000, candidate = candidate + 1000')
        self.boss.post('/api/v1/tasks', {'title': 'Oil'})
        self.assertIn('was added', self.failed('audit', 'verify'))
        self.own.psql(restored)
        self.done('audit', 'verify')
        # an end that was cut off together with its links is found by a recorded head
        _, position, digest = self.sealed()
        self.own.psql(f'{keep}; create table ends as select * from audit where id = (select audit_id from links '
                      f'where position = {position}); '
                      f'delete from audit where id in (select id from ends); delete from audit_seals '
                      f'where position = {position}')
        self.done('audit', 'verify')
        self.assertIn('cut off', self.failed('audit', 'verify', f'{position}:{digest}'))
        self.own.psql('insert into audit overriding system value select * from ends; drop table ends; ' + back)
        self.done('audit', 'verify', f'{position}:{digest}')

    def test_rows_that_are_committed_late_are_sealed_later(self):
        def session():
            process = subprocess.Popen(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', self.own.run, '-U', 'fettle',
                                        'fettle'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.communicate)

            def say(sql):
                process.stdin.write(sql + ";\nselect 'said';\n")
                process.stdin.flush()
                lines = []
                while (line := process.stdout.readline().strip()) != 'said':
                    self.assertIsNone(process.poll())
                    lines.append(line)
                return lines
            return say

        # the first transaction gets the greater id: it began before the one that is still open, and wrote after it
        early, late = session(), session()
        early('begin; select pg_current_xact_id()')
        late("begin; insert into roles (name) values ('late')")
        early("insert into roles (name) values ('early'); commit")
        for _ in range(4):
            self.sealed()
        late('commit')
        self.assertEqual(self.sealed()[0], '1')
        self.done('audit', 'verify')
        # as after a dump was restored into another cluster, whose transaction ids begin again
        self.own.psql("update audit_sealing set candidate_xmax = '9999999999'; insert into roles (name) "
                      "values ('restored')")
        [self.sealed() for _ in range(2)]
        self.assertEqual(self.own.psql('select complete = (select max(id) from audit), candidate_xmax '
                                       '< pg_snapshot_xmax(pg_current_snapshot()) from audit_sealing'), [['t', 't']])
        # a row with an id beyond all others does not hide later rows
        self.own.psql("insert into audit (id, operation, table_name, row_id) overriding system value "
                      "values (9000000000000000000, 'delete', 'tasks', 1)")
        [self.sealed() for _ in range(3)]
        self.own.psql("delete from roles where name in ('early', 'late', 'restored')")
        self.assertEqual(self.sealed()[0], '3')
        self.done('audit', 'verify')
        # in a transaction that has already written, sealing could not see other writers
        with self.assertRaisesRegex(RuntimeError, 'first statement that writes'):
            self.own.psql("begin; insert into roles (name) values ('written'); select * from audit_seal(); rollback")

    def test_eight_commands_seal_at_the_same_time_while_four_clients_write(self):
        over, written, results = threading.Event(), [], []

        def write(client):
            while not over.is_set():
                written.append(client.post('/api/v1/tasks', {'title': 'sealed'}).status)

        def seal():
            for _ in range(6):
                results.append(self.fettle('audit', 'seal'))

        writers = [threading.Thread(target=write, args=(self.own.client(self.boss.token),)) for _ in range(4)]
        sealers = [threading.Thread(target=seal) for _ in range(8)]
        for thread in writers + sealers:
            thread.start()
        for thread in sealers:
            thread.join()
        over.set()
        for thread in writers:
            thread.join()
        self.assertEqual({(r.returncode, r.stderr) for r in results}, {(0, '')})
        self.assertEqual(len(results), 48)
        self.assertGreater(len(written), 20)
        self.assertEqual(set(written), {201})
        self.done('audit', 'verify')
        self.assertEqual(self.own.psql('select count(*) = max(position), count(*) = (select count(*) from audit) '
                                       'from audit_seals'), [['t', 't']])

    # -- schedules run

    def made(self, path, body):
        answer = self.boss.post(path, body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def item(self, *hours, **more):
        """A new item of equipment. Its meter showed these hours: the last ones today, each one before three days
        earlier."""
        self.items = getattr(Command, 'items', 0) + 1
        Command.items = self.items
        item = self.made('/api/v1/equipment', {'name': 'Lathe', 'serial_number': f'S{self.items}', **more})['id']
        for i, shown in enumerate(hours):
            self.made(f'/api/v1/equipment/{item}/readings',
                      {'hours': str(shown), 'read_at': self.day(3 * (i + 1 - len(hours))) + 'T00:00:00Z'})
        return item

    def schedule(self, item, **more):
        return self.made('/api/v1/schedules', {'equipment': item, 'title': 'Change the oil', **more})['id']

    def day(self, days=0):
        """The date so many days from today, by the clock of the database."""
        return self.own.psql(f'select current_date + {days}')[0][0]

    def runs(self, expected):
        self.assertEqual(self.done('schedules', 'run'), f'work orders created: {expected}\n')

    def orders(self, schedule):
        return self.own.psql(f'select id, status from tasks where schedule = {schedule} order by id')

    def state(self, schedule):
        answer = self.boss.get(f'/api/v1/schedules/{schedule}').json
        return answer['open_order'], answer['next_due_on'], answer['next_due_hours']

    def test_schedules_run_creates_one_order_for_each_due_schedule(self):
        self.own.psql('update schedules set is_active = false')
        day, retired = self.day, self.item(status='Retired')
        used = self.item(990, 1000)
        due = {self.schedule(used, title='On its day', description='Filter, too.', priority_level='High', every_days=30,
                             next_due_on=day()): day(),
               self.schedule(used, title='Long ago', every_days=30, next_due_on=day(-100)): day(-100),
               self.schedule(used, title='Within its lead', every_days=30, next_due_on=day(7), lead_days=7): day(7),
               self.schedule(used, title='By hours', every_hours=250, next_due_hours=1000): day(),
               self.schedule(used, title='Hours first', every_days=30, every_hours=250, next_due_on=day(20),
                             next_due_hours=999.5): day(),
               self.schedule(used, title='Days first', every_days=30, every_hours=250, next_due_on=day(-3),
                             next_due_hours=2000): day(-3),
               self.schedule(used, title='Both, the day was first', every_days=30, every_hours=250, next_due_on=day(-3),
                             next_due_hours=900): day(-3),
               self.schedule(self.item(), title='No meter yet', every_hours=100, next_due_hours=0): day()}
        idle = [self.schedule(used, title='Before its lead', every_days=30, next_due_on=day(8), lead_days=7),
                self.schedule(used, title='Tomorrow', every_days=30, next_due_on=day(1)),
                self.schedule(used, title='Hours to come', every_hours=250, next_due_hours=1000.01),
                self.schedule(used, title='Neither', every_days=30, every_hours=250),
                self.schedule(used, title='Not active', every_days=30, next_due_on=day(-1), is_active=False),
                self.schedule(retired, title='Retired', every_days=30, next_due_on=day(-1)),
                self.schedule(self.item(), title='No meter, later', every_hours=100)]
        self.runs(len(due))
        for schedule, due_date in due.items():
            listed = self.boss.get(f'/api/v1/schedules/{schedule}').json
            order = self.boss.get(f'/api/v1/tasks/{listed["open_order"]}').json
            self.assertEqual(
                {name: order[name] for name in ('title', 'description', 'priority_level', 'due_date', 'status',
                                                'author', 'user', 'equipment', 'schedule', 'claimed_until')},
                {**{name: listed[name] for name in ('title', 'description', 'priority_level', 'equipment')},
                 'due_date': due_date, 'status': 'Pending',
                 'author': self.boss.id, 'user': self.boss.id, 'schedule': schedule, 'claimed_until': None})
        for schedule in idle:
            self.assertEqual(self.orders(schedule), [], self.boss.get(f'/api/v1/schedules/{schedule}').json)
        self.runs(0)
        self.assertEqual([len(self.orders(schedule)) for schedule in due], [1] * len(due))
        rows = self.own.psql("select a.ip from audit a join tasks t on t.id = a.row_id where a.table_name = 'tasks' "
                             f"and t.schedule in ({','.join(map(str, due))})")
        self.assertEqual({row[0].split(',')[0] for row in rows}, {'fettle schedules run'})
        # a retired item that is in use again is due again
        self.assertEqual(self.boss.patch(f'/api/v1/equipment/{retired}', {'status': 'Operational'}).status, 200)
        self.runs(1)

    def test_eight_runs_at_the_same_time_create_each_order_once(self):
        self.own.psql('update schedules set is_active = false')
        item, other = self.item(), self.item()
        self.own.psql(f"""insert into schedules (equipment, title, every_days, next_due_on, author)
                          select case when i % 2 = 0 then {item} else {other} end, 'Raced ' || i, 30, current_date - i,
                                 {self.boss.id} from generate_series(1, 1240) i""")
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.fettle('schedules', 'run'))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({(r.returncode, r.stderr) for r in results}, {(0, '')}, results)
        self.assertEqual(sum(int(r.stdout.split(': ')[1]) for r in results), 1240, results)
        raced = "from tasks t join schedules s on s.id = t.schedule where s.title like 'Raced %'"
        self.assertEqual(self.own.psql(f'select count(*), count(distinct s.id), count(*) filter (where s.open_order '
                                       f'= t.id) {raced}'), [['1240', '1240', '1240']])
        self.runs(0)

    def test_the_end_of_an_order_sets_the_next_due_date_of_its_schedule(self):
        self.own.psql('update schedules set is_active = false')
        day, post = self.day, self.made
        item = self.item(1000, 1040)
        schedule = self.schedule(item, every_days=30, every_hours=100, next_due_on=day(-1), next_due_hours=1200)
        self.runs(1)
        [[order, _]] = self.orders(schedule)
        self.assertEqual(self.state(schedule), (int(order), day(-1), '1200.00'))
        # done two days ago; the last reading of the meter before was 1,000
        record = post('/api/v1/maintenance',
                      {'task': int(order), 'description': 'Oil changed.', 'performed_at': day(-2) + 'T23:30:00Z'})['id']
        self.assertEqual(self.state(schedule), (None, day(28), '1100.00'))
        self.assertEqual(self.orders(schedule), [[order, 'Complete']])
        self.runs(0)
        # the record was wrong: the order is open again, and the schedule waits for it
        self.assertEqual(self.boss.delete(f'/api/v1/maintenance/{record}').status, 204)
        self.assertEqual(self.orders(schedule), [[order, 'Pending']])
        self.assertEqual(self.state(schedule)[:2], (int(order), day(-1)))
        self.runs(0)
        post('/api/v1/maintenance', {'task': int(order), 'description': 'Oil changed.'})
        self.assertEqual(self.state(schedule), (None, day(30), '1140.00'))
        # cancelled: the next one is counted from today
        self.assertEqual(self.boss.patch(f'/api/v1/schedules/{schedule}', {'next_due_on': day(-5)}).status, 200)
        self.runs(1)
        second = self.orders(schedule)[1][0]
        self.assertEqual(self.boss.patch(f'/api/v1/tasks/{second}/status', {'status': 'Cancelled'}).status, 200)
        self.assertEqual(self.state(schedule), (None, day(30), '1140.00'))
        self.runs(0)
        # deleted: still due, so it is created again
        self.assertEqual(self.boss.patch(f'/api/v1/schedules/{schedule}', {'next_due_on': day(-5)}).status, 200)
        self.runs(1)
        third = self.orders(schedule)[2][0]
        self.assertEqual(self.boss.delete(f'/api/v1/tasks/{third}').status, 204)
        self.assertEqual(self.state(schedule)[:2], (None, day(-5)))
        self.runs(1)
        fourth = self.orders(schedule)[2][0]
        self.assertNotEqual(fourth, third)
        # the schedule does not wait for an order that is opened again while another one is open
        self.assertEqual(self.boss.patch(f'/api/v1/tasks/{second}/status', {'status': 'Pending'}).status, 200)
        self.assertEqual(self.state(schedule)[0], int(fourth))
        # the schedule is deleted, its orders stay
        self.assertEqual(self.boss.delete(f'/api/v1/schedules/{schedule}').status, 204)
        self.assertEqual(self.own.psql(f'select count(*) from tasks where equipment = {item} and schedule is null'),
                         [['3']])

    # -- sweep

    def test_sweep_deletes_only_expired_data(self):
        lines = ('deleted sessions and tokens that ended more than 30 days ago: {}\n'
                 'deleted failed logins older than 24 hours: {}\n'
                 'deleted responses for an Idempotency-Key older than 24 hours: {}\n'
                 'deleted stored files that nothing refers to: 0\n')
        user = self.own.user('gina')
        insert = 'insert into sessions (user_id, kind, key, expires_at, ended_at, ended_as) '
        self.own.psql(f"""{insert} select {user.id}, 'session', sha256(i::text::bytea), now(),
        now() - interval '31 days', 'session_ended' from generate_series(1, 2300) i;
                          {insert} values ({user.id}, 'token', 'expired', now() - interval '31 days', null, null);
                          {insert} values ({user.id}, 'token', 'lately', now() - interval '29 days', null, null);
                          {insert} values ({user.id}, 'token', 'forever', null, null, null);
                          insert into login_failures (name, failures, last_at)
                              values ('username old', 9, now() - interval '25 hours'),
                              ('username new', 9, now() - interval '23 hours');
                          insert into idempotency_keys (user_id, route, key, digest, created_at)
                          select {user.id}, route, key, '', now() - age
                                 from (values ('POST /a', 'x', interval '25 hours'),
                                 ('POST /a', 'y', interval '23 hours'), ('POST /b', 'x', interval '0')) kept (route,
                                 key, age);
                          insert into idempotency_keys (user_id, route, key, digest, created_at)
                              select {user.id}, 'POST /c', i, '', now() - interval '2 days'
                                     from generate_series(1, 1200) i""")
        trail = int(self.own.psql('select count(*) from audit')[0][0])
        self.assertEqual(self.done('sweep'), lines.format(2301, 1, 1201))
        self.assertEqual(self.own.psql(f"select convert_from(key, 'UTF8') from sessions where user_id = {user.id} "
                                       f"and kind = 'token' order by id"), [['lately'], ['forever']])
        self.assertEqual(self.own.psql("select name from login_failures where name like 'username %'"),
                         [['username new']])
        self.assertEqual(self.own.psql('select route, key from idempotency_keys order by 1, 2'),
                         [['POST /a', 'y'], ['POST /b', 'x']])
        self.assertEqual(user.get('/api/v1/me').status, 200)
        self.assertEqual(int(self.own.psql("select count(*) from audit")[0][0]), trail + 2301)
        self.assertEqual(self.own.psql("select count(*), count(distinct at) from audit "
                                       "where ip like 'fettle sweep, %'"), [['2301', '3']])
        self.assertEqual(self.done('sweep'), lines.format(0, 0, 0))

    # -- doctor

    def finding(self, status, what, verdict, words, **more):
        code, lines = self.doctor(**more)
        self.assertEqual(code, status, lines)
        self.assertIn(verdict, [line[0] for line in lines[what]], lines)
        self.assertIn(words, ' '.join(line[1] for line in lines[what]))

    def with_settings(self, *lines, without=''):
        path = os.path.join(self.own.data, 'other')
        with open(os.path.join(self.own.data, 'env')) as file, open(path, 'w') as copy:
            copy.writelines(line for line in file if not without or not line.startswith(without))
            copy.write('\n'.join(lines) + '\n')
        return path

    def test_doctor_finds_nothing_wrong_with_a_healthy_dev_stack(self):
        self.done('audit', 'seal')
        code, lines = self.doctor()
        self.assertEqual(code, 0, lines)
        self.assertEqual(list(lines),
                         ['settings', 'keys', 'storage', 'disk', 'time', 'sockets', 'handlers', 'database', 'messages',
                          'migrations', 'indexes', 'clock', 'permissions', 'grants', 'superusers', 'connections',
                          'audit'])
        self.assertEqual({verdict for what, found in lines.items() for verdict, _ in found
                          if what not in ('disk', 'storage', 'time')}, {'ok'}, lines)

    def test_doctor_finds_errors_in_the_settings(self):
        self.finding(0, 'settings', 'warn', 'FETTLE_WORKRES', FETTLE_ENV=self.with_settings('FETTLE_WORKRES=4'))
        self.finding(1, 'settings', 'FAIL', 'FETTLE_WORKERS',
                     FETTLE_ENV=self.with_settings('FETTLE_WORKERS=400', without='FETTLE_WORKERS'))
        self.finding(1, 'settings', 'FAIL', '/nowhere/env', FETTLE_ENV='/nowhere/env')
        # of two lines the last one counts, as for systemd
        self.finding(1, 'settings', 'FAIL', "FETTLE_IDLE is '5'", FETTLE_ENV=self.with_settings(
            'FETTLE_IDLE=600\nFETTLE_IDLE=5', without='FETTLE_IDLE'))
        for url in ('fettle.example.org', 'https://', 'https://fettle.example.org/api', 'ftp://fettle.example.org'):
            self.finding(1, 'settings', 'FAIL', 'must be a scheme and a host', FETTLE_ENV=self.with_settings(
                f'FETTLE_URL={url}', without='FETTLE_URL'))
        self.finding(0, 'settings', 'ok', '', FETTLE_ENV=self.with_settings(
            'FETTLE_URL=https://fettle.example.org:8443/', without='FETTLE_URL'))
        self.finding(1, 'connections', 'FAIL', 'raise max_connections',
                     FETTLE_ENV=self.with_settings('FETTLE_WORKERS="64"', without='FETTLE_WORKERS'))

    def test_doctor_finds_errors_of_the_keys(self):
        path = self.own.env['FETTLE_KEYS']
        with open(path) as file:
            text = file.read()
        owner = os.stat(path)
        try:
            os.chmod(path, 0o640)
            self.finding(1, 'keys', 'FAIL', '0600')
            os.chmod(path, 0o600)
            with open(path, 'w') as file:
                file.write(re.sub(r'^(access \S+) \d+ ', lambda m: f'{m.group(1)} {int(time.time()) - 100 * 86400} ',
                                  text, flags=re.MULTILINE))
            self.finding(0, 'keys', 'warn', '100 days')
            with open(path, 'w') as file:
                file.write('access oil\n')
            self.finding(1, 'keys', 'FAIL', 'is not a valid key')
            if os.geteuid() == 0:
                os.chown(path, 0, 0)
                self.finding(1, 'keys', 'FAIL', 'owner of its directory')
        finally:
            os.chown(path, owner.st_uid, owner.st_gid)
            os.chmod(path, 0o600)
            with open(path, 'w') as file:
                file.write(text)
        self.finding(0, 'keys', 'warn', 'restore it from a backup', FETTLE_KEYS=os.path.join(self.own.data, 'none'))
        self.assertFalse(os.path.exists(os.path.join(self.own.data, 'none')))

    def test_doctor_finds_errors_of_the_sockets(self):
        path = os.path.join(self.own.run, 'sockets', 'me.sock')
        os.rename(path, path + '.away')
        try:
            self.finding(1, 'sockets', 'FAIL', 'me.sock cannot be found: No such file')
            with open(path, 'w'):
                self.finding(1, 'sockets', 'FAIL', 'me.sock is not a socket')
            os.unlink(path)
        finally:
            os.rename(path + '.away', path)
        os.chmod(path, 0o606)
        self.finding(1, 'sockets', 'FAIL', 'open to all users')
        os.chmod(path, 0o600)
        self.finding(1, 'sockets', 'FAIL', 'tasks.sock cannot be found: No such file', FETTLE_SOCKETS='/nowhere')
        self.finding(0, 'sockets', 'ok', ' correct sockets in ')

    def test_doctor_finds_errors_in_the_database(self):
        psql = self.own.psql
        cases = (('migrations', 'FAIL', 'run `fettle migrate`: 002_tasks', "update migrations set name = 'x' "
                  "where name = '002_tasks'", "update migrations set name = '002_tasks' where name = 'x'"),
                 ('migrations', 'FAIL', 'edited', "update migrations set sha256 = 'x' || sha256 where name "
                  "= '002_tasks'", "update migrations set sha256 = substr(sha256, 2) where name = '002_tasks'"),
                 ('migrations', 'FAIL', '999_later', "insert into migrations values ('999_later', '')",
                  "delete from migrations where name = '999_later'"),
                 ('indexes', 'FAIL', '1 index is not complete; run `fettle migrate`: tasks_of_author_with_status',
                  "update pg_index set indisvalid = false where indexrelid = 'tasks_of_author_with_status'::regclass",
                  "update pg_index set indisvalid = true where indexrelid = 'tasks_of_author_with_status'::regclass"),
                 ('permissions', 'FAIL', 'fettle roles', "update permissions set description = description || '!' "
                  "where code = 'tasks.create'", "update permissions set description = rtrim(description, '!')"),
                 ('superusers', 'FAIL', 'no account is', 'create table supers as select id from users '
                  'where is_superuser; update users set is_superuser = false',
                  'update users set is_superuser = true where id in (select id from supers); drop table supers'),
                 ('audit', 'warn', '1 row waits', "insert into audit (at, operation, table_name, row_id) "
                  "values (now() - interval '6 minutes', 'delete', 'tasks', 0)",
                  "delete from audit where at < now() - interval '5 minutes' and row_id = 0"),
                 ('audit', 'FAIL', 'audit_sealing is gone',
                  'create table state as select * from audit_sealing; delete from audit_sealing',
                  'insert into audit_sealing select * from state; drop table state'),
                 ('messages', 'FAIL', 'must be C', "alter database fettle set lc_messages = 'de_DE.UTF-8'",
                  'alter database fettle reset lc_messages'))
        if ['de_DE.utf8'] not in psql("select collname from pg_collation where collname = 'de_DE.utf8'"):
            cases = cases[:-1]  # PostgreSQL accepts only locales that the machine has
        self.done('audit', 'seal')
        for what, verdict, words, wrong, mend in cases:
            with self.subTest(words=words):
                psql(wrong)
                try:
                    self.finding(1 if verdict == 'FAIL' else 0, what, verdict, words)
                finally:
                    psql(mend)
        # doctor changes nothing
        before = psql('select count(*) from audit union all select sum(hashtext(code)) from permissions')
        self.doctor()
        self.assertEqual(psql('select count(*) from audit union all select sum(hashtext(code)) from permissions'),
                         before)

    def test_doctor_finds_a_stopped_postgresql(self):
        self.finding(1, 'database', 'FAIL', 'does not answer', PGHOST='/nowhere')
        started = 'select pg_postmaster_start_time()'
        [[before]] = self.own.psql(started)
        with open(os.path.join(os.path.realpath(os.path.join(self.own.data, 'cluster')), 'data',
                               'postmaster.pid')) as file:
            server = int(file.readline())
        os.kill(server, signal.SIGSTOP)  # a server that hangs is worse than one that has ended: it is not restarted
        try:
            self.finding(1, 'database', 'FAIL', 'does not answer')
        finally:
            os.kill(server, signal.SIGCONT)
        # it stops, and the dev stack starts it again
        os.kill(server, signal.SIGINT)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.own.psql(started) != [[before]]:
                    break
            except RuntimeError:
                pass
            time.sleep(0.1)
        self.finding(0, 'database', 'ok', 'answers for fettle')


class Example(OwnStack):
    """The example workshop that `fettle example` creates in an empty database."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own.psql('create database lone owner fettle')
        cls.text = cls.done(cls(), 'example')

    def test_the_printed_accounts_can_log_in(self):
        counts = dict(reversed(found)
                      for found in re.findall(r'([0-9]+) ([a-z ]+?)s?(?=[,.])', self.text.splitlines()[0]))
        self.assertEqual((counts['account'], counts['item']), ('20', '60'), self.text)
        for name, least in (('reading', 1500), ('schedule', 50), ('work order', 300), ('maintenance record', 250),
                            ('other task', 60), ('message', 15), ('report', 14)):
            self.assertGreater(int(counts[name]), least, self.text)
        password = re.search(r'^The password of all these accounts is (\S{16});', self.text, re.MULTILINE).group(1)
        names = re.findall(r'^  (\S+), \S', self.text, re.MULTILINE)
        self.assertEqual(len(names), 5)
        roles = []
        for name in names:
            answer = self.login(name, password)
            self.assertEqual(answer.status, 200, answer)
            roles.append(answer.json['user']['roles'])
            client = self.own.client(answer.json['token'])
            self.assertEqual(client.get('/api/v1/equipment').json['count'], 60)
            self.assertGreater(client.get('/api/v1/maintenance?search=oil').json['count'], 5)
            self.assertEqual(client.get('/api/v1/equipment/1/life').status, 200)
        self.assertEqual(roles, [['administrator', 'employee'], ['employee', 'manager'], ['employee', 'manager'],
                                 ['employee'], ['employee']])
        self.assertTrue(
            self.own.client(self.login(names[0], password).json['token']).get('/api/v1/me').json['is_superuser'])
        [[gone]] = self.own.psql('select min(username) from users where not is_active')
        self.assertEqual(self.login(gone, password).status, 401)

    def test_it_refuses_a_database_that_is_not_empty(self):
        before = self.own.psql('select count(*) from audit')
        self.assertIn('already has accounts or equipment; nothing was changed', self.failed('example'))
        self.assertIn('No example data were created', self.done('example', 'if-empty'))
        self.assertEqual(self.own.psql('select count(*) from audit'), before)

    def test_the_random_data_are_the_same_beside_a_superuser(self):
        lone = {'PGDATABASE': 'lone'}
        self.done('migrate', **lone)
        self.done('superuser', 'ann', 'ann@example.org', given=devstack.PASSWORD, **lone)
        self.assertIn('21 accounts, 60 items, ', self.done('example', **lone))
        self.assertIn('already', self.failed('example', **lone))

        def rows(database):
            sql = ("select 'order', title, due_date::text, created_at::text from tasks where created_at < current_date "
                   "union all "
                   "select 'record', findings, performed_at::text, cost::text from maintenance "
                   "where performed_at < current_date union all "
                   "select 'reading', equipment::text, read_at::text, hours::text from readings "
                   "where read_at < current_date union all "
                   "select 'superuser', username, '', '' from users where is_superuser and username <> 'helen.brandt' "
                   "order by 1, 2, 3, 4")
            return subprocess.run(['psql', '-XqAt', '-h', self.own.run, '-U', 'fettle', database], input=sql,
                                  capture_output=True, text=True, check=True).stdout.splitlines()
        first, second = rows('fettle'), rows('lone')
        self.assertGreater(len(first), 2000)
        self.assertEqual([line for line in second if line != 'superuser|ann||'], first)
        self.assertIn('superuser|ann||', second)

    def test_the_data_satisfy_all_rules_of_the_triggers(self):
        wrong = {
            'a complete order without its record': "select id from tasks t where equipment is not null "
            "and (status = 'Complete') <> exists (select from maintenance m where m.task = t.id)",
            'a record of another item or person': 'select m.id from maintenance m join tasks t on t.id = m.task where '
            '(m.equipment, m.technician, m.performed_at) is distinct from (t.equipment, t."user", t.completed_at)',
            'a time in the future': 'select id from tasks where greatest(created_at, completed_at) > now() union all '
            'select id from maintenance where greatest(performed_at, created_at) > now() '
            'union all select id from readings where greatest(read_at, created_at) > now() union all select id '
            'from users where greatest(date_joined, last_login) > now() '
            'union all select message from message_copies where greatest(sent_at, read_at) > now() union all select id '
            'from reports where created_at > now()',
            'messages whose ids are not in order of time': 'select id '
            'from (select id, sent_at < lag(sent_at) over (order by id) as back from messages) m where back',
            'a copy that differs from its message': 'select m.id from messages m '
            'join message_copies c on c.message = m.id '
            'where (c.sender, c.sent_at) <> (m.sender, m.sent_at) or c.is_sent <> (c.holder = m.sender)',
            'a message from before its author joined': 'select c.message from message_copies c join users u '
            'on u.id = c.holder where c.sent_at < u.date_joined',
            'an order that ended before it began': 'select id from tasks where completed_at < created_at',
            'a usage that is not the last reading': 'select e.id from equipment e left join lateral (select * '
            'from readings where equipment = e.id order by read_at desc limit 1) r on true '
            'where (e.usage_hours, e.usage_read_at) is distinct from (r.hours, r.read_at)',
            'a meter that runs backwards': 'select id from (select id, hours < lag(hours) over (partition by equipment '
            'order by read_at) as back from readings) r where back',
            'sums that differ from the records': 'select e.id from equipment e left join maintenance m '
            'on m.equipment = e.id group by e.id '
            'having (maintenance_count, maintenance_hours, maintenance_cost) <> (count(m.id), '
            'coalesce(sum(hours_spent), 0), coalesce(sum(cost), 0))',
            'an open order that its schedule does not refer to': "select t.id from tasks t join schedules s on s.id "
            "= t.schedule where (t.status in ('Pending', 'In Progress')) <> (s.open_order is not distinct from t.id)",
            'an open order of a retired item': "select t.id from tasks t join equipment e on e.id = t.equipment "
            "where e.status = 'Retired' and t.status in ('Pending', 'In Progress')",
            'work by a person who was absent': 'select m.id from maintenance m join users u on u.id = m.technician '
            'where m.performed_at < u.date_joined or not u.is_active and m.performed_at > u.last_login'}
        for fault, sql in wrong.items():
            self.assertEqual(self.own.psql(sql), [], fault)
        for what, least in (
                ("equipment where status = 'Retired'", 3), ("equipment where status = 'Out of Service'", 1),
                ("equipment where status = 'Under Maintenance'", 1), ('users where not is_active', 2),
                ("tasks where equipment is not null and status = 'Cancelled'", 1),
                ("tasks where equipment is not null and status in ('Pending', 'In Progress') "
                 "and due_date < current_date", 3),
                ("tasks where equipment is not null and status = 'Pending' and claimed_until is null", 3),
                ('tasks where claimed_until > now() + interval \'1 hour\' '
                 'and claimed_until < now() + interval \'1 day\'', 3),
                ("tasks where claimed_until > '9999-01-01'", 3),
                ("maintenance where jsonb_array_length(parts) > 1", 20),
                ('maintenance where findings is not null', 100),
                ('message_copies where is_received and read_at is null', 5), ('messages where task is not null', 3),
                ('reports where equipment is not null', 4), ("reports where body ~ 'orders done'", 9)):
            self.assertGreaterEqual(int(self.own.psql('select count(*) from ' + what)[0][0]), least, what)
        self.assertEqual(self.done('schedules', 'run'), 'work orders created: 0\n')
        self.done('audit', 'verify')
