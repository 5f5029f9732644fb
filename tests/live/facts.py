"""The named facts of sql/functions: PostgreSQL inlines them, indexes and statements use them; creation of accounts."""
import glob
import json
import os
import re
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

# Calls with columns of the tables, and the name that must no longer be in the plan of PostgreSQL.
CALLS = {
    'set_caller': "set_caller(u.id, s.id, s.ip) from sessions s join users u on u.id = s.user_id",
    'is_open': 'is_open(t.status) from tasks t',
    'urgency': 'urgency(t.priority_level) from tasks t',
    'without_end': 'without_end()',
    'lock_number': "lock_number('sealing')",
    'session_end': 'session_end(s.created_at) from sessions s',
    'should_touch_session': 'should_touch_session(s.created_at, s.last_used_at) from sessions s',
    'use_is_news': 'use_is_news(s.created_at, s.last_used_at) from sessions s',
}
# Programs of two releases run at the same time during an upgrade, so a number in this list must never change.
LOCKS = {'migrating': 5720, 'serialized': 5721, 'sealing': 5722, 'storage': 5722}
SOURCES = ('lib/*/*.[ch]pp', 'handlers/*.cpp', 'tools/fettle/*.[ch]pp', 'sql/*.sql', 'sql/functions/*.sql')

NEW_ACCOUNT = "register_account('ada', 'ada@example.org', 'Ada', '', 'a hash', '192.0.2.7')"


class Expressions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.statements = []
        for path in sorted(glob.glob(os.path.join(BUILD, 'describe/*.json'))):
            with open(path) as file:
                for endpoint in json.load(file)['endpoints']:
                    cls.statements += [one['text'] for one in endpoint['statements']]
        cls.indexes = {name: (condition, columns) for name, condition, columns in STACK.psql(r"""
            select c.relname, pg_get_expr(i.indpred, i.indrelid),
                   (select string_agg(translate(pg_get_indexdef(c.oid, n, false), E'\n', ' '), ', ' order by n)
                      from generate_series(1, i.indnkeyatts) n)
              from pg_index i join pg_class c on c.oid = i.indexrelid
             where i.indrelid = 'tasks'::regclass""")}

    def explained(self, query, settings=''):
        return '\n'.join(line for line, in STACK.psql(f'{settings} explain (verbose, costs off) {query}'))

    def planned(self, expression):
        """An expression over columns of tasks, as PostgreSQL computes it: after inlining, with its constants."""
        return re.search(r'Output: (.*)', self.explained(f'select ({expression}) from tasks'))[1]

    def used(self, pattern):
        """The matches of the pattern in statements of handlers, each text once."""
        return {found for text in self.statements for found in re.findall(pattern, text)}

    def test_calls_are_replaced(self):
        for name, call in CALLS.items():
            with self.subTest(name=name):
                plan = self.explained('select ' + call)
                self.assertIn('Output: ', plan)
                self.assertNotIn(name, plan)

    def test_constants(self):
        self.assertRegex(self.explained('select without_end()', "set timezone = 'UTC';"),
                         "(?m)Output: '9999-12-31 23:59:59[+]00'::timestamp with time zone$")
        self.assertIn("pg_advisory_xact_lock('5721'::bigint)",
                      self.explained("select pg_advisory_xact_lock(lock_number('serialized'))"))
        self.assertIn('pg_advisory_xact_lock(5722, hashtext(',
                      self.explained("select pg_advisory_xact_lock(lock_number('storage'), hashtext(ip)) "
                                     'from sessions'))
        for zone in ('UTC', 'Pacific/Kiritimati', 'Etc/GMT+12'):  # the same time in every time zone
            self.assertEqual(STACK.psql(f"set timezone = '{zone}'; select without_end() = '9999-12-31T23:59:59Z'"),
                             [['t']])

    def test_a_call_does_not_prevent_a_parallel_plan(self):
        self.assertEqual(STACK.psql("select proname, proparallel from pg_proc where proname in ('is_open', 'urgency', "
                                    "'without_end', 'lock_number') and proparallel <> 's'"), [])

    def test_indexes(self):
        opened = re.escape("(status = ANY (ARRAY['Pending'::text, 'In Progress'::text]))")
        partial = [name for name, (condition, _) in self.indexes.items() if 'In Progress' in condition]
        self.assertGreaterEqual(set(partial), {'tasks_open_of_equipment', 'tasks_to_claim', 'tasks_open_by_due_date',
                                               'work_orders_held'})
        for name in partial:
            with self.subTest(index=name):
                found = re.search(opened, self.indexes[name][0])
                self.assertTrue(found, self.indexes[name])
                self.assertEqual(self.planned(found[0]), self.planned('is_open(status)'))
        condition, columns = self.indexes['tasks_to_claim']
        self.assertEqual(self.planned('row(' + columns + ')'),
                         self.planned("row(urgency(priority_level), coalesce(due_date, 'infinity'), id)"))
        self.assertEqual(self.planned(condition),
                         self.planned("equipment is not null and is_open(status) "
                                      "and coalesce(claimed_until, '-infinity') < '9999-12-31'"))
        self.assertEqual(STACK.psql(f"""
            select count(*) from (values (1, 'Pending', without_end())) one (equipment, status, claimed_until)
             where {condition}"""), [['0']])

    def test_statements_that_repeat_the_facts(self):
        """If a statement of a handler does not call the function, it contains the same condition."""
        for text in self.used(r"(?:\w+\.)?\bstatus in \('(?:Pending|In Progress)',[^)]*\)"):
            with self.subTest(text=text):
                self.assertEqual(self.planned(re.sub(r'^\w+\.', '', text)), self.planned('is_open(status)'))
        for text in self.used(r"case (?:\w+\.)?priority_level when .*? end"):
            with self.subTest(text=text):
                self.assertEqual(self.planned(re.sub(r'case \w+\.', 'case ', text)),
                                 self.planned('urgency(priority_level)'))
        for text in self.used(r"'9999-12-31 [^']*'"):
            with self.subTest(text=text):
                self.assertEqual(self.planned(f'claimed_until = {text}'), self.planned('claimed_until = without_end()'))
        for text in self.used(r"coalesce\(\w+\.claimed_until, '-infinity'\) < '[^']*'"):
            with self.subTest(text=text):
                self.assertIn(self.planned(re.sub(r'\(\w+\.', '(', text)),
                              self.planned(self.indexes['tasks_to_claim'][0]))

    def test_the_next_order_comes_from_an_index(self):
        """The part of claim_next that finds the order: its index has the right order, so that nothing is sorted."""
        found, = self.used(r'(?s)\(\s*(select next\.id from tasks next\b.*?limit 1 for update skip locked)')
        without_others = 'set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off;'
        plan = self.explained(found, without_others)
        self.assertIn('Index Scan using tasks_to_claim on ', plan)
        self.assertNotIn('Sort', plan)

    def test_locks(self):
        for name, number in LOCKS.items():
            self.assertEqual(STACK.psql(f"select lock_number('{name}')"), [[str(number)]])
        with self.assertRaisesRegex(RuntimeError, 'there is no advisory lock with the name "sealed"'):
            STACK.psql("select lock_number('sealed')")
        self.assertEqual(set(re.findall(r"when '(\w+)'", STACK.psql(
            "select translate(prosrc, E'\\n', ' ') from pg_proc where proname = 'lock_number'")[0][0])), set(LOCKS))
        calls = 0
        for path in sorted(path for pattern in SOURCES for path in glob.glob(os.path.join(devstack.ROOT, pattern))):
            with open(path) as file:
                # a string literal that continues on the next line of C++ is one string
                text = re.sub(r'"\s*"', '', file.read())
            for first in re.findall(r'pg_(?:try_)?advisory_\w*lock\w*\(([^,)]*\)?)', text):
                with self.subTest(path=path, lock=first):
                    named = re.fullmatch(r"lock_number\('(\w+)'\)", first)
                    self.assertTrue(named[1] in LOCKS if named else int(first.rstrip(')')) in LOCKS.values())
                calls += 1
        self.assertGreaterEqual(calls, 4)


class Accounts(unittest.TestCase):
    """A role that may only call register_account() creates employees, and the first account of an empty database."""
    BEGIN = ("set client_min_messages = warning; begin; create role probe; "
             'grant execute on function register_account to probe; ')

    def refused(self, sql, code):
        self.assertEqual(STACK.psql(self.BEGIN + f"""
            create function pg_temp.code_of(statement text) returns text language plpgsql as $$
            declare
                violated text;
            begin
                execute statement;
                return 'done';
            exception when others then
                get stacked diagnostics violated = constraint_name;
                return concat_ws(' ', sqlstate, nullif(violated, ''));
            end $$;
            select from {NEW_ACCOUNT};
            set local role probe;
            select pg_temp.code_of($$ {sql} $$);
            rollback""")[-1:], [[code]])

    def test_an_employee(self):
        """In one statement: the row, its password and role, and the entries of the trail with the address."""
        *rows, trail = STACK.psql(self.BEGIN + f"""
            set local role probe;
            select made.username, made.email, made.first_name, made.is_active, made.is_superuser, made.version
              from (values (1)) one, {NEW_ACCOUNT} made;
            reset role;
            select c.password_hash, r.name, p.job_title from users u join credentials c on c.user_id = u.id
              join user_roles ur on ur.user_id = u.id join roles r on r.id = ur.role_id join profiles p on p.id = u.id
             where u.username = 'ada';
            select string_agg(distinct table_name || ' ' || operation, ', ' order by table_name || ' ' || operation),
                   count(*), min(ip), max(ip), count(user_id)
              from audit where at = now();
            rollback""")
        self.assertEqual(rows, [['ada', 'ada@example.org', 'Ada', 't', 'f', '1'], ['a hash', 'employee', '']])
        self.assertEqual(trail, ['credentials insert, profiles insert, user_roles insert, users insert', '4',
                                 '192.0.2.7', '192.0.2.7', '0'])

    def test_only_the_first_is_superuser(self):
        second = "register_account('bob', 'bob@example.org', '', '', 'a hash', '192.0.2.7')"
        self.assertEqual(STACK.psql(self.BEGIN + f"""
            truncate users cascade;
            set local role probe;
            select made.is_first, made.is_superuser from {NEW_ACCOUNT} made;
            select made.is_first, made.is_superuser from {second} made;
            rollback"""), [['t', 't'], ['f', 'f']])

    def test_refused_accounts(self):
        self.refused(f'select from {NEW_ACCOUNT}', '23505 username_taken')
        self.refused("select from register_account('bob', 'ADA@example.org', '', '', 'a hash', null)",
                     '23505 email_taken')
        self.refused("select from make_account('bob', 'bob@example.org', '', '', 'a hash', true)", '42501')
        for table in ('users', 'credentials', 'user_roles', 'roles', 'audit'):
            self.refused(f'select from {table}', '42501')

    def test_the_command_creates_superusers(self):
        self.assertEqual(STACK.psql("""
            begin;
            set local role fettle;
            select made.is_superuser, exists (select from roles where name = 'employee')
              from make_account('bob', 'bob@example.org', '', '', 'a hash', true) made;
            select count(*) from user_roles ur join users u on u.id = ur.user_id where u.username = 'bob';
            rollback"""), [['t', 't'], ['1']])
