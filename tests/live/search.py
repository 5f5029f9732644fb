"""Search: how texts are folded, which words match, that the texts of rows are kept, and what a search reads."""
import glob
import json
import os
import re
import subprocess
import time
import unittest
import urllib.parse

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def ids(client, path, **query):
    """The ids of the rows of the first page."""
    answer = client.get(path + '?' + urllib.parse.urlencode({'page_size': 200, **query}))
    assert answer.status == 200, answer
    return [row['id'] for row in answer.json['results']]


def matches(columns, search):
    """The condition that the folded texts of a row have the sought words, one after the other."""
    return ' and '.join(f"fold(concat_ws(' ', {columns})) like '%{' ' if len(word) < 3 else ''}{word}%'"
                        for word in search.split())


class Folding(unittest.TestCase):
    EQUAL = [('STRASSE', 'straße'), ('STRAẞE', 'strasse'), ('École', 'ecole'), ('E\u0301cole', '\u00c9COLE'),
             ('ŁÓDŹ', 'lodz'), ('Ødegård', 'odegard'), ('ΟΔΟΣ', 'οδός'), ('ЁЛКА', 'елка'), ('İSTANBUL', 'istanbul'),
             ('ISPARTA', 'ısparta'), ('a-b_c%d', 'a b c d'), ('  a\t\n b ', 'a b'), ('Ma\u00adschine', 'maschine'),
             ('שָׁלוֹם', 'שלום'), ('مُحَمَّد', 'محمد'), ('か\u3099', 'が'), ('\u1112\u1161\u11ab', '한')]
    DIFFERENT = [('か', 'が'), ('हिन्दी', 'हन्दी'), ('a1', 'a 1'), ('東京', '京東')]

    def test_texts_that_are_equal(self):
        for one, other in self.EQUAL:
            self.assertEqual(STACK.psql(f'select fold({quoted(one)}) = fold({quoted(other)})'), [['t']], (one, other))
        for one, other in self.DIFFERENT:
            self.assertEqual(STACK.psql(f'select fold({quoted(one)}) = fold({quoted(other)})'), [['f']], (one, other))

    def test_words(self):
        for text, folded in (('Oil (the) lathe, no. 4-17!', ' oil the lathe no 4 17 '), ('', ' '), ('--', ' '),
                             ('東京タワーABC', ' 東 京 タ ワ ー abc '), ('한국어', ' 한 국 어 '),
                             ('हिन्दी में', ' हिन्दी में ')):
            self.assertEqual(STACK.psql(f'select fold({quoted(text)})'), [[folded]])

    def test_each_character(self):
        """The folded text of any character has no special character, folds to itself, and has spaces as it should."""
        faults = STACK.psql(r"""
            select to_hex(n), folded
              from generate_series(1, 200000) n, lateral (select fold('x' || chr(n) || 'y') as folded) f
             where not n between 55296 and 57343
               and (folded ~ '[][%_\\.*+?^$(){}|[:cntrl:]"''-]' or folded !~ '^ .*[^ ] $' or folded ~ '  '
                    or fold(folded) <> folded)""")
        self.assertEqual(faults, [])

    def test_case_does_not_matter(self):
        """Except for the subscript iota of ancient Greek, a mark whose upper case is a letter."""
        faults = STACK.psql(r"""
            select to_hex(n), fold(upper(c collate "und-x-icu")), fold(lower(c collate "und-x-icu"))
              from generate_series(1, 70000) n, lateral (select 'x' || chr(n) || 'y' as c) c
             where not n between 55296 and 57343 and strpos(normalize(c, nfd), U&'\0345') = 0
               and fold(upper(c collate "und-x-icu")) <> fold(lower(c collate "und-x-icu"))""")
        self.assertEqual(faults, [])

    def test_databases_with_another_locale(self):
        """Whatever the locale of the database is, texts fold alike."""
        texts = [text for pair in self.EQUAL + self.DIFFERENT for text in pair]
        asked = ' union all '.join(f'select {n}, fold({quoted(text)})' for n, text in enumerate(texts))
        with open(os.path.join(devstack.ROOT, 'sql/functions/search.sql')) as file:
            function = re.search(r'create or replace function fold\(.*?\$\$;\n', file.read(), re.DOTALL)[0]
        # the locale of the dev stack is C.UTF-8
        self.assertEqual(STACK.psql(f"create database other_locale template template0 encoding 'UTF8' locale 'C';\n"
                                    f'\\c other_locale\n{function} {asked}'), STACK.psql(asked))
        STACK.psql('drop database other_locale')

    def test_patterns(self):
        for sought, patterns in (('lathe cnc-500 ab a', '{%lathe%,"%cnc 500%","% ab%","% a%"}'),
                                 ('x-99', '{"% x 99%"}'), ('東京', '{"% 東 京 %"}'), ('ab % .*', '{"% ab%",%%,%%}'),
                                 ('.* - (', ''), ('a b-', '')):
            self.assertEqual(STACK.psql(f'select patterns from fold_words({quoted(sought)})'), [[patterns]])

    def seconds(self, text, word):
        """How long PostgreSQL compares 100 texts, at best of five times."""
        plan = [STACK.psql(f"""
            create temporary table texts as select {text} collate "C" as folded from generate_series(1, 100);
            explain (analyze, timing off) select count(*) from texts
             where folded like all ((select patterns from fold_words({word}))::text[])
               and folded ~ all ((select long_words from fold_words({word}))::text[])""") for _ in range(5)]
        return min(float(re.search(r'Execution Time: ([\d.]+)', ' '.join(line for line, in one))[1]) for one in plan)

    def test_the_time_is_linear(self):
        """Texts and words of one letter, which are the worst for a search that compares the word at each place."""
        long = "repeat('a', 10000)"
        for word in ("repeat('a', 255) || 'b'", "'b' || repeat('a', 255)", "repeat('a', 60) || 'b'"):
            with self.subTest(word=word):
                took = self.seconds(long, word)
                self.assertLess(took, 40 * self.seconds("repeat('a', 500)", word) + 5)
                self.assertLess(took, 20 * self.seconds(long, "'aaaaaaaab'") + 50)


class Keeping(unittest.TestCase):
    """The tables of texts."""
    @classmethod
    def setUpClass(cls):
        cls.ann = STACK.user()
        cls.searched = {}
        for path in sorted(glob.glob(os.path.join(BUILD, 'describe/*.json'))):
            with open(path) as file:
                for endpoint in json.load(file)['endpoints']:
                    if 'searched' in endpoint and endpoint['searched']['texts']:
                        cls.searched[endpoint['searched']['texts']] = endpoint['searched']

    def text(self, task):
        return STACK.psql(f'select folded, is_public from tasks_texts where id = {task}')

    def test_triggers_keep_the_columns_that_are_searched(self):
        kept = {row[0]: row[1:] for row in STACK.psql("""
            select tgrelid::regclass || '_texts',
                   (select string_agg(attname, ',' order by n)
                      from unnest(tgattr) with ordinality a (k, n)
                      join pg_attribute on attrelid = tgrelid and attnum = k),
                   (select substring(prosrc from 'fold\\(concat_ws\\(.{3}, ([^)]*)\\)') from pg_proc where oid = tgfoid)
              from pg_trigger where tgname = 'keep_changed_texts'""")}
        self.assertEqual(set(kept), set(self.searched))
        for texts, one in self.searched.items():
            with self.subTest(texts=texts):
                self.assertEqual(kept[texts][0].split(','), ['id', *one['columns'], *one['public_by']])
                self.assertEqual(kept[texts][1], ', '.join('new.' + column for column in one['columns']))
        self.assertEqual(STACK.psql(
            "select count(*) from pg_trigger where tgname like 'keep%texts' and tgenabled <> 'A'"), [['0']])

    def test_completing_a_task_writes_no_text(self):
        task = self.ann.post('/api/v1/tasks', {'title': 'Oil the lathe'}).json['id']
        where = f'select ctid, xmin, cmin from tasks_texts where id = {task}'
        before = STACK.psql(where)
        for body in ({'status': 'In Progress'}, {'status': 'Complete'}):
            self.assertEqual(self.ann.patch(f'/api/v1/tasks/{task}/status', body).status, 200)
        # the same title again is no change of the text, and neither is another due date
        answer = self.ann.patch(f'/api/v1/tasks/{task}', {'title': 'Oil the lathe', 'due_date': '2030-01-01'})
        self.assertEqual(answer.status, 200)
        self.assertEqual(STACK.psql(where), before)
        self.assertEqual(self.ann.patch(f'/api/v1/tasks/{task}', {'title': 'Oil the crane'}).status, 200)
        self.assertNotEqual(STACK.psql(where), before)

    def test_texts_follow_their_rows(self):
        """However a row is changed, even where triggers are off."""
        task = self.ann.post('/api/v1/tasks', {'title': 'Öl', 'description': 'x'}).json['id']
        self.assertEqual(self.text(task), [[' ol x ', 'f']])
        for setting in ('origin', 'replica'):
            with self.subTest(setting=setting):
                rows = STACK.psql(f"""
                    begin;
                    set local session_replication_role = {setting};
                    insert into equipment (name, serial_number) values ('Lathe', 'search {setting}');
                    update tasks set title = 'Fett', equipment = (select max(id) from equipment) where id = {task};
                    select folded, is_public from tasks_texts where id = {task};
                    update tasks set equipment = null where id = {task};
                    select folded, is_public from tasks_texts where id = {task};
                    insert into tasks (title, author, "user") values ('New', {self.ann.id}, {self.ann.id});
                    select folded from tasks_texts order by id desc limit 1;
                    delete from tasks where id = {task};
                    select count(*) from tasks_texts where id = {task};
                    truncate tasks cascade;
                    select count(*) from tasks_texts;
                    rollback""")
                self.assertEqual(rows, [[' fett x ', 't'], [' fett x ', 'f'], [' new '], ['0'], ['0']])
        self.assertEqual(self.ann.delete(f'/api/v1/tasks/{task}').status, 204)
        self.assertEqual(self.text(task), [])

    def test_no_handler_may_write_texts(self):
        self.assertEqual(STACK.psql("""
            select table_name, grantee, privilege_type from information_schema.role_table_grants
             where table_name like '%\\_texts' and grantee like 'fettle\\_%' and privilege_type <> 'SELECT'"""), [])

    def test_missing_texts_are_made(self):
        """While rows are changed and deleted by a transaction that ends later."""
        tasks = [self.ann.post('/api/v1/tasks', {'title': f'Before {n}'}).json['id'] for n in range(4)]
        changed, deleted, kept, untouched = tasks
        STACK.psql(f"delete from tasks_texts where id in ({', '.join(map(str, tasks))});"
                   f"insert into tasks_texts values ({kept}, ' newer ', false)")
        writer = subprocess.Popen(
            ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', STACK.run, '-U', 'postgres', 'fettle'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            writer.stdin.write(f"begin; update tasks set title = 'After' where id = {changed};"
                               f"delete from tasks where id = {deleted}; select 'done';\n")
            writer.stdin.flush()
            self.assertEqual(writer.stdout.readline(), 'done\n')
            filler = subprocess.Popen(
                ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', STACK.run, '-U', 'fettle', 'fettle', '-c',
                 "call fill_texts('tasks')"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            time.sleep(1)  # it waits for the deletion
            self.assertIsNone(filler.poll())
            writer.stdin.write('commit;\n')
            writer.stdin.close()
            self.assertEqual(writer.wait(20), 0)
            self.assertEqual((filler.wait(20), filler.stdout.read()), (0, b''))
            filler.stdout.close()
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()
        self.assertEqual(self.text(changed), [[' after ', 'f']])
        self.assertEqual(self.text(deleted), [])
        self.assertEqual(self.text(kept), [[' newer ', 'f']])
        self.assertEqual(self.text(untouched), [[' before 3 ', 'f']])
        STACK.psql(f"update tasks set title = 'Kept' where id = {kept}")

    def test_all_missing_texts_are_made(self):
        """More rows than one transaction of the procedure fills, in each table."""
        STACK.psql(f"""
            begin;
            set local session_replication_role = replica;
            insert into tasks (title, author, "user", equipment)
                select 'Filled ' || n, {self.ann.id}, {self.ann.id}, null from generate_series(1, 4500) n;
            delete from tasks_texts where folded like ' filled %' and id % 10 > 0;
            commit;""")
        for texts in self.searched:
            table = texts.removesuffix('_texts')
            STACK.psql(f"call fill_texts('{table}')")
            columns = ', '.join(self.searched[texts]['columns'])
            self.assertEqual(STACK.psql(
                f"select count(*) from {table} it full join {texts} texts using (id) "
                f"where texts.folded is distinct from fold(concat_ws(' ', {columns}))"), [['0']], texts)
        STACK.psql("delete from tasks where title like 'Filled %'")


class Searching(unittest.TestCase):
    """What users find in lists that are longer than what is read before the index is used."""
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_SESSIONS='many').start()
        cls.addClassCleanup(cls.on.stop)
        cls.root = cls.on.user('root', superuser=True)
        cls.ann, cls.ben = cls.on.user('ann'), cls.on.user('ben')
        # 9,000 tasks: a third work orders, a third of ann, a third of ben; rare words are in the oldest ones
        cls.on.psql(f"""
            insert into equipment (name, serial_number) select 'Lathe ' || n, 's' || n from generate_series(1, 3) n;
            insert into tasks (title, description, author, "user", equipment, status, due_date)
                select 'Task ' || n || case when n <= 60 then ' unicorn' else '' end,
                       case when n % 3 = 0 then 'often' else 'Äther' end, owner, owner,
                       case when n % 3 = 0 then (select min(id) from equipment) end, 'Pending',
                       date '2026-01-01' + n % 9
                  from generate_series(1, 9000) n,
                       lateral (select case when n % 3 = 2 then {cls.ben.id} else {cls.ann.id} end as owner) o;
            insert into reports (author, title, body)
                select owner, 'Report ' || n, case when n <= 30 then 'unicorn' else 'horse' end
                  from generate_series(1, 3000) n,
                       lateral (select case when n % 2 = 0 then {cls.ben.id} else {cls.ann.id} end as owner) o;
            insert into documents (owner, title, file_name, content_type, size_bytes, sha256, equipment, task)
                select {cls.ben.id}, 'Document ' || n, case when n % 100 = 0 then 'unicorn' else 'horse' end || '.txt',
                       'text/plain', 1, encode(sha256('x'), 'hex'),
                       case when n % 2 = 0 then (select min(id) from equipment) end,
                       case when n % 4 = 1 then (select min(id) from tasks where equipment is not null)
                            when n % 4 = 3 then (select max(id) from tasks where author = {cls.ben.id}) end
                  from generate_series(1, 3000) n;
            vacuum analyze""")

    SEARCHES = {'/api/v1/tasks': ('tasks', 'title, description',
                                  ('unicorn', 'often', 'unicorn often', 'task 17', 'aether', 'ather', 'no', 'un ta',
                                   '60 uni', 'task', '000', 'unicorn nowhere')),
                '/api/v1/reports': ('reports', 'title, body', ('unicorn', 'horse', 'report 1', 'nowhere')),
                '/api/v1/documents': ('documents', 'title, file_name', ('unicorn', 'horse', 'document 100', 'nowhere'))}

    def seen(self, table, client):
        """The condition under which the client sees a row."""
        if client is self.root:
            return 'true'
        orders = f'(select id from tasks where equipment is not null or author = {client.id})'
        return {'tasks': f'(equipment is not null or author = {client.id})', 'reports': f'author = {client.id}',
                'documents': f'(owner = {client.id} or equipment is not null or task in {orders})'}[table]

    def test_each_search_finds_what_the_caller_sees(self):
        for path, (table, columns, searches) in self.SEARCHES.items():
            for client in (self.root, self.ann, self.ben):
                for search in searches:
                    words = matches(columns, search)
                    expected = [int(row[0]) for row in self.on.psql(
                        f'select id from {table} where {self.seen(table, client)} and {words} order by id desc')]
                    with self.subTest(path=path, client=client.username, search=search):
                        self.assertEqual(ids(client, path, search=search), expected[:200])
                        answer = client.get(path + '?' + urllib.parse.urlencode({'search': search, 'page_size': 20}))
                        count = len(expected) if len(expected) <= 1000 else None
                        self.assertEqual(answer.json['count'], count)
                        found, pages = [row['id'] for row in answer.json['results']], 1
                        while answer.json['next'] and pages < 5:
                            answer = client.get(answer.json['next'].split(str(self.on.port), 1)[1])
                            found += [row['id'] for row in answer.json['results']]
                            pages += 1
                        self.assertEqual(found, expected[:len(found)])
                        answer = client.get(path + '?' + urllib.parse.urlencode({'search': search, 'count': 'exact'}))
                        self.assertEqual(answer.json['count'], len(expected))

    def test_with_other_filters_and_orders(self):
        for client in (self.root, self.ann):
            for search in ('unicorn', 'often', 'task 17'):
                words = matches('title, description', search)
                for query, condition, order in (
                        ({'ordering': 'due_date'}, 'true', 'due_date, id'),
                        ({'ordering': '-due_date'}, 'true', 'due_date desc, id desc'),
                        ({'due_date__gte': '2026-01-05'}, "due_date >= '2026-01-05'", 'id desc'),
                        ({'title': 'ask 1'}, "title ilike '%ask 1%'", 'id desc'),
                        ({'title': '-3_%', 'status': 'Pending'}, 'false', 'id desc'),
                        ({'equipment__isnull': 'true'}, 'equipment is null', 'id desc')):
                    with self.subTest(client=client.username, search=search, query=query):
                        expected = [int(row[0]) for row in self.on.psql(
                            f"select id from tasks where {self.seen('tasks', client)} and {words} and {condition} "
                            f'order by {order} limit 200')]
                        self.assertEqual(ids(client, '/api/v1/tasks', search=search, **query), expected)

    def test_a_part_of_a_title(self):
        for client in (self.root, self.ann):
            for title in ('60 Uni', 'unicorn', ' 17', 'ask 1', 'nowhere', 'SK 8'):
                with self.subTest(client=client.username, title=title):
                    expected = [int(row[0]) for row in self.on.psql(
                        f"select id from tasks where {self.seen('tasks', client)} and title ilike '%{title}%' "
                        f'order by id desc limit 200')]
                    self.assertEqual(ids(client, '/api/v1/tasks', title=title), expected)

    def test_a_table(self):
        """As CSV, all matches."""
        answer = self.ann.get('/api/v1/tasks?search=unicorn', headers={'Accept': 'text/csv'})
        self.assertEqual(answer.body.count(b'\r\n'), 1 + 40)
