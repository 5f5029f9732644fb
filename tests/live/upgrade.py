"""This build migrates and serves the database of an earlier release (tests/releases)."""
import difflib
import hashlib
import json
import lzma
import os
import re
import subprocess
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

RELEASES = os.path.join(devstack.ROOT, 'tests/releases')
RELEASE = '1.0.0'
# SHA-256 of sql/tables/*.sql: `fettle migrate` refuses a migration that differs from the applied one
MIGRATIONS = {
    '001_accounts': '7cc5904ba260876262a2348735fba50dd26b8b4fa9b044df51e38ad53c9cf1c7',
    '002_tasks': 'e935f591d8bff4eeee0d8795a6592f7e175ce86c39536969a2c0adc6f07cf6b2',
    '003_sessions_and_profiles': '8d9402be88a2987f38a807867dfec0a3e6425daf18ec3c119898911fc3f57470',
    '004_maintenance': '822ed4dae89f5b651c8f095e03b1d3225e422ef13c122e646be1d5b10a184339',
    '005_messages_and_documents': '412c07c7c2848134d367a4aac053b145f78a34b8dc673868cbb8b5afcf873543',
    '006_counts': 'cd9831f6bbd9e88c7e9337f39ed70f00f204a63d8a2ddca16c10b14270393b04'}
# descriptions of built-in roles, which `fettle migrate` replaces where no one has changed them
REWORDED = {'Everybody: works on tasks and records what was done.': 'Works on tasks and records what was done.',
            'May do everything.': 'Has every permission.'}
# SHA-256 of the body of a function, as PostgreSQL keeps it: another text breaks every existing audit chain
AUDIT_TEXT = '11924f49cf3db75a5093070d5aa6abc2dd1e1b7bac0672cb3ea13436ba7fe16f'
# The functions of 1.0.0 that statements call by name: its handlers still run while the database is migrated, and until
# they are restarted. Functions of triggers are not in the list, because the tables call those.
FUNCTIONS = (
    'audit_link(bytea,audit)', 'audit_seal()', 'audit_text(audit)', 'audit_verify()',
    'hours_end(bigint,numeric,timestamp with time zone,numeric)', 'hours_left(numeric,numeric)',
    'hours_per_day(bigint)', 'hours_used(numeric,numeric)', 'is_password_hash(bigint,text)', 'life_end(date,integer)',
    'make_due_orders(integer)', 'months_left(date,integer)', 'months_since(date)', 'months_used(date,integer)',
    'refuse(text)', 'session_end(timestamp with time zone)',
    'use_is_news(timestamp with time zone,timestamp with time zone)')
# values that depend on the time of the request, or on the keys and the port of the machine
VOLATILE = {'url', 'url_expires_at', 'picture_url', 'thumbnail_url', 'last_used_at', 'last_login', 'life_used'}

# Plans every statement of the release as the role of its handler, which also checks its privileges.
PLAN_STATEMENTS = """
do $$
declare
    one record;
    planned integer := 0;
begin
    set local plan_cache_mode = force_generic_plan;
    for one in select * from asked where text is not null loop
        execute 'prepare planned as ' || one.text;
        execute format('set local role %I', 'fettle_' || one.grp);
        execute 'explain execute planned' || case when one.parameters > 0 then
            '(' || array_to_string(array_fill('null'::text, array[one.parameters]), ', ') || ')' else '' end;
        reset role;
        deallocate planned;
        planned := planned + 1;
    end loop;
    raise notice 'planned %', planned;
end $$;
"""


def kept(name):
    """A file of the release, as text."""
    path = os.path.join(RELEASES, f'{RELEASE}.{name}')
    with lzma.open(path, 'rt') if path.endswith('.xz') else open(path) as file:
        return file.read()


def differences(old, new, where=''):
    """Differences between an answer of this build and that of the release. Members added later are not differences."""
    if isinstance(old, dict) and isinstance(new, dict):
        if REWORDED.get(old.get('description')) == new.get('description'):
            old = {name: old[name] for name in old if name not in ('description', 'updated_at', 'version')}
        return [line for name in old if name not in VOLATILE
                for line in ([f'{where}.{name} is gone'] if name not in new else
                             differences(old[name], new[name], f'{where}.{name}'))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [line for i, pair in enumerate(zip(old, new)) for line in differences(*pair, f'{where}[{i}]')]
    return [] if old == new else [f'{where}: {old!r} is {new!r} now']


def setUpModule():
    """One dev stack for all classes, whose database started as that of the release."""
    global FACTS, ON
    FACTS = json.loads(kept('json'))
    ON = devstack.DevStack(BUILD, RESTORE=os.path.join(RELEASES, f'{RELEASE}.sql.xz')).start()


def tearDownModule():
    faults = [line for line in ON.stop().splitlines() if 'fault: ' in line or 'passed our checks' in line]
    assert not faults, faults[:5]


class Upgraded(unittest.TestCase):
    """What the classes share. They run in the order of their names: tests that read come before tests that write."""

    def client(self, name):
        """A client with the personal access token of the release."""
        return ON.client(FACTS['tokens'][name])

    def log_in(self, name):
        answer = ON.client().post('/api/v1/auth/login', {'username': name, 'password': FACTS['password']})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def fettle(self, *words, database='fettle'):
        """Runs the command of this build on a database; exit status and all output."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(('FETTLE_', 'PG'))}
        env |= {'FETTLE_ENV': os.path.join(ON.data, 'env'), 'FETTLE_SQL': os.path.join(devstack.ROOT, 'sql'),
                'PGDATABASE': database}
        result = subprocess.run([os.path.join(BUILD, 'fettle'), *words], env=env, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120)
        return result.returncode, result.stdout

    def psql(self, sql, database):
        """Runs SQL as a superuser of PostgreSQL; its output on both streams."""
        command = ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', ON.run, '-U', 'postgres', database]
        result = subprocess.run(command, input=sql, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def restored(self, name):
        """Creates another database of the cluster in the state of the release; its name."""
        if ON.psql("select count(*) from pg_database where datname = 'released'") == [['0']]:
            ON.psql('create database released owner fettle')
            self.psql(kept('sql.xz'), 'released')
        ON.psql(f'create database {name} template released owner fettle')
        return name

    def dumped(self, database):
        """The lines of pg_dump, without the random words that newer versions add, and without the sequence values of
        roles and permissions: an insert with a conflict also takes a number."""
        server = ON.psql('show server_version')[0][0].split('.')[0]
        program = f'/usr/lib/postgresql/{server}/bin/pg_dump'
        text = subprocess.run([program, '-h', ON.run, '-U', 'postgres', database], check=True, capture_output=True,
                              text=True).stdout
        drawn = re.compile(r"\\(un)?restrict|SELECT pg_catalog\.setval\('public\.(roles|permissions)_id_seq'")
        return [line for line in text.splitlines() if not drawn.match(line)]


class Migration(Upgraded):
    """Tests of the database alone, each with its own copy."""

    def test_migrations_and_the_functions_of_the_audit_chain_are_those_of_the_release(self):
        for name, expected in MIGRATIONS.items():
            with open(os.path.join(devstack.ROOT, 'sql/tables', name + '.sql'), 'rb') as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), expected, name)
        self.assertEqual(ON.psql('select name, sha256 from migrations order by name')[:len(MIGRATIONS)],
                         [list(pair) for pair in MIGRATIONS.items()])
        body = "select encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') from pg_proc where proname = 'audit_text'"
        self.assertEqual(ON.psql(body), [[AUDIT_TEXT]])
        self.assertEqual(self.psql(body, self.restored('former')), AUDIT_TEXT + '\n')

    def test_the_sealed_trail_verifies_as_before(self):
        name, audit = self.restored('sealed'), FACTS['audit']
        before = self.psql('select * from audit order by id', name)
        self.assertEqual(before.count('\n'), audit['position'])
        self.assertEqual(self.fettle('migrate', database=name)[0], 0)
        after = self.psql('select * from audit order by id', name)
        self.assertTrue(after.startswith(before), 'a row of the trail has changed')
        status, said = self.fettle('audit', 'verify', f'{audit["position"]}:{audit["hash"]}', database=name)
        self.assertEqual(status, 0, said)
        # the migration itself may have added rows
        self.assertTrue(said.endswith(f'\n{after.count(chr(10))} rows are unchanged since they were sealed\n'), said)
        self.assertGreater(int(self.psql('select count(distinct sealed_at) from audit_seals', name)), 1)

    def test_a_row_that_is_changed_after_the_upgrade_is_found(self):
        name = self.restored('tampered')
        self.assertEqual(self.fettle('migrate', database=name)[0], 0)
        for wrong, mend, words in (
                ("update audit set ip = '10.0.0.1' where id = 100", "update audit set ip = '127.0.0.1' where id = 100",
                 'audit row 100 .* was changed'),
                ("update audit set operation = 'delete' where id = 97", None, 'audit row 97 .* was changed'),
                ('delete from audit where id = 50', None, 'audit row 50, .* was removed')):
            with self.subTest(wrong):
                self.psql(wrong, name)
                status, said = self.fettle('audit', 'verify', database=name)
                self.assertEqual(status, 1, said)
                self.assertRegex(said, words)
                if mend:
                    self.psql(mend, name)
                    self.assertEqual(self.fettle('audit', 'verify', database=name)[0], 0)

    def test_a_second_migration_changes_nothing(self):
        name = self.restored('twice')
        status, said = self.fettle('migrate', database=name)
        self.assertEqual(status, 0, said)
        once = self.dumped(name)
        self.assertEqual(self.fettle('migrate', database=name),
                         (0, 'functions, permissions and grants are up to date\nindexes are up to date\n'))
        self.assertEqual(list(difflib.unified_diff(once, self.dumped(name), 'once', 'twice', lineterm='')), [])

    def test_every_row_is_kept(self):
        name, tables = self.restored('counted'), {}
        for migrated in (False, True):
            if migrated:
                self.assertEqual(self.fettle('migrate', database=name)[0], 0)
            for table in self.psql("select relname from pg_class where relnamespace = 'public'::regnamespace "
                                   "and relkind = 'r' order by 1", name).split():
                if migrated and table not in tables:
                    continue  # a table of a later release
                tables.setdefault(table, []).append(int(self.psql(f'select count(*) from {table}', name)))
        # a later release adds migrations, permissions, and rows of the trail
        grown = {'migrations', 'permissions', 'role_permissions', 'audit'}
        for table, counts in tables.items():
            self.assertEqual(len(counts), 2, f'the table {table} is gone')
            self.assertTrue(counts[0] == counts[1] or table in grown and counts[0] < counts[1], f'{table}: {counts}')
            self.assertGreater(counts[0], 0, f'the release has left no row in {table}')

    def test_the_functions_that_handlers_of_the_release_call_still_exist(self):
        found = {row[0] for row in ON.psql(
            "select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace")}
        self.assertEqual(set(FUNCTIONS) - found, set())

    def test_every_statement_of_the_release_can_run_between_the_migration_and_the_restart(self):
        # as in an upgrade: the grants of the release stay until its handlers have stopped
        name = self.restored('between')
        status, said = self.fettle('migrate', 'keep-grants', database=name)
        self.assertEqual(status, 0, said)
        said = self.psql('begin;\n' + kept('statements.sql.xz') + PLAN_STATEMENTS + 'rollback;\n', name)
        self.assertRegex(said, r'(?m)planned [1-9]\d\d$')


class Reading(Upgraded):
    """The handlers of this build return what the release has stored."""

    def test_passwords_of_the_release_log_in_and_wrong_ones_do_not(self):
        for name in ('root', 'ada', 'ann'):
            session = self.log_in(name)
            answer = ON.client(session['token']).get('/api/v1/me')
            self.assertEqual((answer.status, answer.json['id']), (200, FACTS['ids'][name]), answer)
        for name, password in (('ann', 'not the password'), ('gus', FACTS['password'])):  # gus is inactive
            answer = ON.client().post('/api/v1/auth/login', {'username': name, 'password': password})
            self.assertEqual(answer.status, 401, answer)

    def test_every_resource_reads_as_in_the_release(self):
        session = self.log_in('mia')['token']
        for one in FACTS['answers']:
            with self.subTest(token=one['token'], path=one['path']):
                answer = ON.client(FACTS['tokens'].get(one['token'], session)).get(one['path'])
                self.assertEqual(answer.status, one['status'], answer)
                self.assertEqual(differences(one['json'], answer.json), [])

    def test_tokens_and_sessions_that_were_ended_stay_ended(self):
        answer = self.client('ended').get('/api/v1/me')
        self.assertEqual(answer.status, 401, answer)
        ended = dict(ON.psql("select ended_as, count(*) from sessions where ended_at is not null group by 1"))
        # the token of mia and the session of ann; a later login ended the session of ben
        self.assertGreaterEqual(int(ended['session_ended']), 2)
        self.assertGreaterEqual(int(ended['session_superseded']), 1)

    def test_files_of_the_release_are_served(self):
        content = FACTS['file'].encode()
        ON.store(content)
        document = self.client('ann').get(f'/api/v1/documents/{FACTS["document"]}').json
        self.assertEqual(document['sha256'], hashlib.sha256(content).hexdigest())
        answer = ON.client().get('/media/' + document['url'].split('/media/', 1)[1])
        self.assertEqual((answer.status, answer.body), (200, content))


class Working(Upgraded):
    """Users continue to work with it."""

    def test_claims_of_the_release_are_kept_until_they_expire(self):
        orders, ids = FACTS['orders'], FACTS['ids']
        held = f"select \"user\", claimed_until = '9999-12-31 23:59:59Z' from tasks where id = {orders['assigned']}"
        self.assertEqual(ON.psql(held), [[str(ids['ben']), 't']])
        # assigned without an end: another user cannot claim it, and does not get it as the next order
        answer = self.client('ann').post(f'/api/v1/tasks/{orders["assigned"]}/claim')
        self.assertEqual((answer.status, answer.json['code']), (409, 'claimed'), answer)
        # a claim that has not expired, and then one that has
        for hours, status in ((8, 409), (-1, 200)):
            ON.psql('set session_replication_role = replica; update tasks set claimed_until = '
                    f"now() + {hours} * interval '1 hour' where id = {orders['claimed']}")
            answer = self.client('mia').post(f'/api/v1/tasks/{orders["claimed"]}/claim')
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json['user'], ids['mia'])

    def test_work_continues_where_it_stopped(self):
        orders, ids = FACTS['orders'], FACTS['ids']
        record = self.client('ben').post('/api/v1/maintenance', {'task': orders['assigned'], 'description': 'Changed.'})
        self.assertEqual((record.status, record.json['technician']), (201, ids['ben']), record)
        done = self.client('root').get(f'/api/v1/tasks/{orders["assigned"]}').json
        self.assertEqual((done['status'], done['claimed_until']), ('Complete', None))
        again = self.client('ann').post('/api/v1/maintenance', {'task': orders['finished'], 'description': 'Twice.'})
        self.assertEqual((again.status, again.json['code']), (409, 'order_done'), again)
        status, said = self.fettle('audit', 'verify')
        self.assertEqual(status, 0, said)

    def test_a_request_with_a_key_that_the_release_answered_gets_the_same_answer(self):
        request = FACTS['request']
        # as if the upgrade took place a moment after the request
        ON.psql(f"update idempotency_keys set created_at = now() where key = '{request['key']}'")
        before = ON.psql('select count(*) from tasks')
        headers = {'Idempotency-Key': request['key']}
        answer = self.client(request['user']).post(request['path'], request['body'], headers=headers)
        self.assertEqual((answer.status, answer.headers.get('idempotency-replayed')), (201, 'true'), answer)
        self.assertEqual(answer.json, request['answer'])
        self.assertEqual(ON.psql('select count(*) from tasks'), before)
        answer = self.client(request['user']).post(request['path'], {'title': 'Another'}, headers=headers)
        self.assertEqual((answer.status, answer.json['code']), (409, 'idempotency_key_reused'), answer)
