"""The privileges of each handler's database role: exactly what its statements need. Each role tries each statement."""
import os
import re
import subprocess
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

SQL = os.path.join(devstack.ROOT, 'sql')

# Each statement once, as its own group: the same derivation computes what it needs; then every role sends every
# statement.
TRIED = r"""
create temporary table whose as select * from asked where text is not null;
delete from asked;
insert into asked select distinct md5(text), text, parameters from whose;
\i {SQL}/derive/needed.sql
create temporary table tried (role text, statement text, refused boolean);
do $$
declare
    one record;
    role text;
begin
    set local plan_cache_mode = force_generic_plan;
    for one in select * from asked loop
        execute 'prepare tried as ' || one.text;
        for role in select rolname from pg_roles where rolname like 'fettle\_%' loop
            insert into tried values (role, one.grp, pg_temp.refused('tried' || coalesce('(' || nullif(
                array_to_string(array_fill('null'::text, array[one.parameters]), ', '), '') || ')', ''),
                role) is not null);
        end loop;
        deallocate tried;
    end loop;
end $$;
-- what the grants say
create temporary table expected as
    select t.*, exists (select from needed n
                         where n.grp = t.statement
                           and not case when n.kind = 'execute'
                                        then has_function_privilege(
                                            t.role, substring(n.relation from 'function (.*)')::regproc, n.kind)
                                        when n.any_column then has_any_column_privilege(t.role, n.relation, n.kind)
                                        when n.col is not null then has_column_privilege(t.role, n.relation, n.col,
                                        n.kind)
                                        else has_table_privilege(t.role, n.relation, n.kind) end) as wrong,
           exists (select from whose w where 'fettle_' || w.grp = t.role and md5(w.text) = t.statement) as own
      from tried t;
select count(distinct statement), count(distinct role), count(*) filter (where not refused),
       count(*) filter (where refused),
       count(*) filter (where refused <> wrong), count(*) filter (where own and refused),
       count(*) filter (where own), (select count(distinct (grp, text)) from whose)
  from expected;
rollback;
"""

# Statements, and the handlers that can send them.
CHECK = {'auth_login', 'auth_password'}
TRIES = {
    # passwords: read by handlers that check or set one, written by those that set one; no other handler sees a hash
    'select password_hash from credentials': CHECK,
    'select * from credentials': set(),
    'select * from password_salts': {'auth_password', 'me', 'users'},
    'update credentials set password_hash = password_hash where false': {'auth_password'},
    "insert into credentials (user_id, password_hash) select 1, '' where false": set(),
    'delete from credentials where false': set(),
    'select refresh_key from sessions': {'auth_refresh'},
    'update sessions set refresh_key = refresh_key where false': {'auth_refresh'},
    'update sessions set key = key where false': set(),
    "update sessions set user_id = user_id where false": set(),
    "insert into sessions (user_id, key) select 1, '' where false": {'auth_login'},
    "insert into session_rows (user_id, key) select 1, '' where false": {'auth_tokens'},
    'delete from sessions where false': set(),
    # what a session may do: only triggers write it
    'update sessions set permissions = permissions where false': set(),
    'update sessions set is_superuser = true where false': set(),
    'update session_rows set codes = codes where false': set(),
    "insert into sessions (user_id, key, permissions) select 1, '', '{}' where false": set(),
    "insert into sessions (user_id, key, is_superuser) select 1, '', true where false": set(),
    "select refresh_sessions('{1}')": set(), "select audited('tasks', 'id', '{}')": set(),
    # permissions
    'update users set is_superuser = true where false': {'users'},
    'update users set is_active = true where false': {'users'},
    'delete from users where false': set(),
    'insert into user_roles (user_id, role_id) select 1, 1 where false': {'user_roles', 'users'},
    "select from register_account('', '', '', '', '', '')": {'auth_register'},
    "select from make_account('', '', '', '', '', true)": set(),
    "insert into role_permissions (role_id, code) select 1, '' where false": {'roles'},
    "insert into permissions (code, description) select '', '' where false": set(),
    # the trail and its hash chain
    'select * from audit': {'audit', 'task_history'},
    "insert into audit (operation, table_name, row_id) select '', '', 1 where false": set(),
    'update audit set ip = ip where false': set(),
    'delete from audit where false': set(),
    'select * from audit_seals': set(), 'delete from audit_seals where false': set(),
    'select * from audit_sealing': set(), 'update audit_sealing set complete = 0 where false': set(),
    'select setval(\'audit_id_seq\', 1)': set(), 'select * from audit_id_seq': set(),
    'select * from audit_seal()': set(), 'select * from audit_verify()': set(), 'select make_due_orders(1)': set(),
    # columns that triggers maintain
    'update equipment set maintenance_cost = 0 where false': set(),
    'update schedules set open_order = 1 where false': set(),
    'update storage_used set bytes = bytes where false': {'documents'},
    'select * from migrations': set(), 'delete from migrations where false': set(),
    # the database itself
    'create table public.made (id integer)': set(), 'create temporary table made (id integer)': set(),
    'create schema made': set(),
    'create function public.made() returns integer language sql as $$ select 1 $$': set(), 'create role made': set(),
    'alter table tasks disable trigger all': set(), 'drop trigger audit on tasks': set(),
    'alter table sessions disable trigger a_rights': set(),
    'create trigger made after insert on tasks for each row execute function audit_tasks()': set(),
    'set session_replication_role = replica': set(),
    'set role fettle': set(), 'set session authorization postgres': set(),
    'grant select on audit_seals to public': set(),
    'select * from pg_authid': set(), "select pg_read_file('PG_VERSION')": set(), "copy users to program 'true'": set(),
    "copy users to '/dev/null'": set(),
    'alter system set fsync = off': set(),
    }


def psql(user, sql, on=None):
    """Both output streams of psql, which continues after an error and names it by its SQLSTATE."""
    return subprocess.run(['psql', '-XqAt', '-v', 'VERBOSITY=sqlstate', '-h', (on or STACK).run, '-U', user, 'fettle'],
                          input=sql, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


class Grants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.handlers = sorted(os.listdir(os.path.join(BUILD, 'handlers')))
        cls.begin = f"set client_min_messages = warning;\nbegin;\n\\i {os.path.abspath(BUILD)}/statements.sql\n"

    def test_every_handler_connects_as_its_own_role(self):
        for path in ('/api/v1/me', '/api/v1/tasks', '/api/v1/statistics/tasks'):
            self.assertEqual(STACK.root.get(path).status, 200)
        rows = STACK.psql("select distinct usename, application_name from pg_stat_activity "
                          "where application_name like 'fettle\\_%'")
        self.assertGreaterEqual({one for one, _ in rows}, {'fettle_me', 'fettle_tasks', 'fettle_statistics'})
        self.assertTrue(all(role == program for role, program in rows), rows)

    def test_committed(self):
        """sql/grants.sql has exactly what the statements need; a handler that needs more or less changes the file."""
        found = '\n'.join('|'.join(row) for row in STACK.psql(
            self.begin + ''.join(f'\\i {SQL}/derive/{name}.sql\n' for name in ('needed', 'print')) +
            'rollback;')) + '\n'
        with open(os.path.join(SQL, 'grants.sql')) as file:
            self.assertEqual(found, file.read(), 'run `make grants`, and review what it changes')

    def test_every_statement_as_every_role(self):
        (statements, roles, allowed, refused, wrong, own_refused, own,
         asked), = STACK.psql(self.begin + TRIED.replace('{SQL}', SQL))
        print(f'{statements} statements as {roles} roles: {allowed} may be sent, {refused} are refused with 42501')
        self.assertEqual((int(roles), int(wrong), int(own_refused)), (len(self.handlers), 0, 0))
        self.assertEqual(own, asked)
        self.assertGreater(int(refused), int(allowed))

    def test_what_no_handler_may_do(self):
        script = ''.join(f'\\echo == {number}\n{sql};\n' if sql.startswith('alter system')
                         else f'\\echo == {number}\nbegin;\n{sql};\nrollback;\n'
                         for number, sql in enumerate(TRIES))
        counted = {True: 0, False: 0}
        for handler in self.handlers:
            parts = re.split(r'^== \d+\n', psql('fettle_' + handler, script), flags=re.MULTILINE)[1:]
            self.assertEqual(len(parts), len(TRIES), parts)
            for (sql, may), said in zip(TRIES.items(), parts):
                with self.subTest(handler=handler, sql=sql):
                    if handler in may:
                        self.assertNotIn('ERROR', said)
                    else:
                        self.assertRegex(said, '(?m)^ERROR:  42501$')
                counted[handler in may] += 1
        print(f'{len(TRIES)} statements that are dangerous as {len(self.handlers)} roles: {counted[True]} may be sent, '
              f'{counted[False]} are refused with 42501')

    def test_nothing_is_truncated_and_nothing_is_inherited(self):
        self.assertEqual(STACK.psql("""
            select r.rolname, c.relname, k.kind from pg_roles r, pg_class c,
                   unnest('{truncate,references,trigger}'::text[]) k (kind)
             where r.rolname like 'fettle\\_%' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
             and has_table_privilege(r.oid, c.oid, k.kind)"""),
                         [])
        self.assertEqual(STACK.psql("select rolname from pg_roles where rolname like 'fettle\\_%' and (rolsuper "
                                    "or rolcreaterole or rolcreatedb or rolreplication "
                                    'or rolbypassrls or rolinherit or not rolcanlogin)'), [])
        self.assertEqual(STACK.psql("select r.rolname from pg_auth_members m join pg_roles r "
                                    "on r.oid in (m.member, m.roleid) where r.rolname like 'fettle%'"), [])

    def test_functions_of_the_owner(self):
        """A function that runs as the owner has a fixed search path, and belongs to a trigger or reveals little."""
        self.assertEqual(STACK.psql("select proname from pg_proc where prosecdef "
                                    "and pronamespace = 'public'::regnamespace and proconfig[1] is distinct "
                                    "from 'search_path=public, pg_temp'"), [])
        self.assertEqual(STACK.psql("""
            select distinct p.proname from pg_proc p, pg_roles r
             where p.prosecdef and p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
               and r.rolname like 'fettle\\_%' and has_function_privilege(r.oid, p.oid, 'execute') order by 1"""),
                         [['hours_per_day'], ['is_password_hash'], ['register_account']])

    def test_a_check_as_another_role(self):
        for handler, user, fits in (('tasks', 'tasks', True), ('tasks', 'tasks_completed', False),
                                    ('auth_login', 'auth_register', False)):
            result = subprocess.run([os.path.join(BUILD, 'handlers', handler), '--check'], capture_output=True,
                                    text=True,
                                    env={**os.environ, **STACK.env, 'PGUSER': 'fettle_' + user})
            self.assertEqual(result.returncode, 0 if fits else 1, result)
            self.assertEqual('permission denied for table' in result.stderr, not fits, result)


class Applied(unittest.TestCase):
    """What `fettle migrate` repairs and `fettle doctor` finds."""
    @classmethod
    def setUpClass(cls):
        cls.own = devstack.DevStack(BUILD).start()
        cls.addClassCleanup(cls.own.stop)

    def fettle(self, word):
        named = {name: value for name, value in os.environ.items() if not name.startswith(('FETTLE_', 'PG', 'DATA'))}
        return subprocess.run([os.path.join(BUILD, 'fettle'), word], capture_output=True, text=True, timeout=120,
                              env={**named, 'FETTLE_ENV': os.path.join(self.own.data, 'env'), 'FETTLE_SQL': SQL}).stdout

    def found(self):
        return next(line for line in self.fettle('doctor').splitlines() if re.search(r'\bgrants\b', line))

    def stored(self):
        return self.own.psql("""select c.relname, c.relacl,
        array_agg(a.attname || a.attacl::text order by a.attnum) filter (where a.attacl is not null)
                                  from pg_class c join pg_attribute a on a.attrelid = c.oid
                                  where c.relnamespace = 'public'::regnamespace group by c.oid order by c.relname""")

    def test_too_many_and_too_few(self):
        before = {(name, *sorted(re.findall(r'[\w"]*=[\w*]+/\w+', ' '.join(rest)))) for name, *rest in self.stored()}
        self.assertRegex(self.found(), rf'^ok .*all {len(os.listdir(os.path.join(BUILD, "handlers")))} handlers')
        self.own.psql(
            """grant delete on audit to fettle_tasks; grant update (is_superuser) on users to fettle_me;
            grant select on tasks to public; revoke select on tasks from fettle_tasks;
                         grant select on users to fettle_tasks;
                         revoke update (last_used_at) on sessions from fettle_tasks;
                         create role fettle_gone; grant select on tasks to fettle_gone; create role fettlegone;
                         grant select on tasks to fettlegone""")
        self.assertRegex(self.found(), 'FAIL|fail')
        self.assertIn('2 privileges too few and 5 privileges too many', self.found())
        self.assertIn('revoked all privileges of roles that belong to no handler: fettle_gone, public\n',
                      self.fettle('migrate'))
        self.assertRegex(self.found(), '^ok ')
        # roles of other programs are left alone
        self.assertEqual(self.own.psql("select has_table_privilege('fettlegone', 'tasks', 'select')"), [['t']])
        self.own.psql('revoke select on tasks from fettlegone; drop role fettlegone; drop role fettle_gone')
        after = {(name, *sorted(re.findall(r'[\w"]*=[\w*]+/\w+', ' '.join(rest)))) for name, *rest in self.stored()}
        self.assertEqual(after, before)

    def test_a_role_that_is_missing(self):
        self.own.psql('drop owned by fettle_statistics; drop role fettle_statistics')
        self.assertRegex(self.found(), 'there is no role fettle_statistics')
        self.assertRegex(self.fettle('migrate'), 'skipped the grants of roles that do not exist.*: fettle_statistics\n')
        for _ in range(2):  # it can be repeated
            subprocess.run(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-h', self.own.run, '-U', 'postgres', '-f',
                            os.path.join(BUILD, 'database_roles.sql'), 'fettle'], check=True)
        self.assertIn('run `fettle migrate`: fettle_statistics', self.found())
        self.assertNotIn('skipped', self.fettle('migrate'))
        self.assertRegex(self.found(), '^ok ')
