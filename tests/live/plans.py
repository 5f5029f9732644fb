"""The query plans of each request: no table or index is read from end to end, whatever the filter or order."""
import base64
import glob
import json
import os
import re
import time
import unittest
import urllib.parse

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

# one pixel
PICTURE = base64.b64decode(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM44KAAAALkASGBJcjIAAAAAElFTkSuQmCC')

OPTIONS = ' '.join('-c ' + option for option in (
    'shared_preload_libraries=auto_explain', 'auto_explain.log_min_duration=0', 'auto_explain.log_analyze=on',
    'auto_explain.log_timing=off', 'auto_explain.log_nested_statements=on', 'auto_explain.log_format=json',
    'autovacuum=off'))

# Every text contains the word "every", one text of each column contains "unicorn", none contains "nowhere".
SEED = """
    set session_replication_role = replica;
    insert into users (id, username, email, first_name, last_name) overriding system value
        select n, 'every' || n || case n when 2345 then 'unicorn' else '' end, n || '@example.org',
               'every first' || case n when 2345 then ' unicorn' else '' end,
               'every last' || case n when 2345 then ' unicorn' else '' end from generate_series(1001, 4000) n;
    insert into profiles (id) select n from generate_series(1001, 4000) n;
    insert into user_roles (user_id, role_id)
        select n, r.id from generate_series(1001, 4000) n, roles r where r.name = 'employee';
    insert into equipment (id, name, serial_number, category, manufacturer, model, location, status, acquired_on,
        service_life_months, usage_hours, usage_read_at, maintenance_count) overriding system value
        select n, 'every lathe ' || n || word, 'every ' || n || word,
               case when n % 10 > 0 then 'every category ' || n % 20 || word end,
               case when n % 10 > 0 then 'every maker ' || n % 30 || word end,
               case when n % 10 > 0 then 'every model ' || n % 40 || word end,
               case when n % 10 > 0 then 'every hall ' || n % 9 || word end,
               (array['Operational', 'Operational', 'Operational', 'Under Maintenance', 'Out of Service'])[n % 5 + 1],
               '2020-01-01', 120, 2000, now(), 8
          from generate_series(1001, 2000) n, lateral (select case n when 1777 then ' unicorn' else '' end as word) w;
    -- 40,000 tasks of 3,000 people, 10,000 work orders on 1,000 items
    insert into tasks (id, title, description, due_date, priority_level, status, completed_at, author, "user",
        equipment, created_at) overriding system value
        select n, 'every task ' || n % 5000 || word, 'described as every other one' || word,
               case when n % 5 > 0 then date '2026-01-01' + n % 700 end,
               case when n % 100 = 0 then 'Critical' when n % 10 = 0 then 'High' when n % 3 = 0 then 'Low'
                    else 'Medium' end, status,
               case status when 'Complete' then timestamptz '2026-01-01' + n * interval '1 minute' end,
               1001 + n % 3000, case when n % 4 = 0 then 1001 + n % 2999 else 1001 + n % 3000 end,
               case when n > 40000 then 1001 + n % 1000 end, timestamptz '2026-01-01' + n * interval '1 minute'
          from generate_series(1, 50000) n, lateral (select case n when 31415 then ' unicorn' else '' end as word) w,
               lateral (select case when n > 48000 then 'Pending' when n > 40000 or n % 3 = 0 then 'Complete'
                                    when n % 97 = 0 then 'Cancelled' else 'Pending' end as status) s;
    insert into maintenance (id, task, equipment, technician, performed_at, description, findings, hours_spent,
        cost) overriding system value
        select n, 40000 + n, 1001 + (40000 + n) % 1000, 1001 + n % 300,
               timestamptz '2026-01-01' + n * interval '30 minutes',
               'every record' || case n when 5000 then ' unicorn' else '' end, 'nothing', 1, 2
          from generate_series(1, 8000) n;
    insert into readings (id, equipment, hours, read_at, technician) overriding system value
        select n, 1001 + n % 1000, n / 10, timestamptz '2026-01-01' + n * interval '10 minutes', 1001 + n % 300
          from generate_series(1, 20000) n;
    insert into schedules (id, equipment, title, description, every_days, next_due_on, every_hours, next_due_hours,
        is_active, author) overriding system value
        select n, 1001 + n % 1000, 'every schedule ' || n || case n when 1000 then ' unicorn' else '' end, 'as usual',
               days, case when days > 0 then current_date + n % 400 end, hours, hours, n % 10 > 0, 1001 + n % 300
          from generate_series(1, 2000) n,
               lateral (select case when n % 4 > 0 then 500 end as days, case when n % 4 = 0 then 100 end as hours) h;
    insert into audit (id, at, user_id, operation, table_name, row_id, old, new) overriding system value
        select 1000 + n, timestamptz '2026-01-01' + n * interval '1 minute', 1001 + n % 3000,
               case when n % 3 = 0 then 'insert' else 'update' end,
               (array['tasks', 'tasks', 'users', 'equipment'])[n % 4 + 1], 1 + n % 9000, '{}', '{}'
          from generate_series(1, 50000) n;
    -- half of the messages are of few people to all, and one has a third of them
    insert into messages (id, sender, subject, body, task, sent_at) overriding system value
        select n, case when n % 2 = 0 then 1001 + n % 7 else 1001 + n % 3000 end, 'every message ' || n || word,
               'as every other one' || word, case when n % 10 = 0 then 45000 when n % 10 = 1 then n end,
               timestamptz '2026-01-01' + n * interval '1 minute'
          from generate_series(1, 18000) n, lateral (select case n when 3003 then ' unicorn' else '' end as word) w;
    insert into message_copies (message, holder, sender, sent_at, is_sent, is_received, read_at)
        select m.id, c.holder, m.sender, m.sent_at, bool_or(c.sent), not bool_and(c.sent),
               case when m.id % 3 > 0 and not bool_and(c.sent) then m.sent_at end
          from messages m,
               lateral (values (m.sender, true),
                               (case when m.id % 3 = 0 then :busy when m.id % 450 = 1 then :employee
                                     else 1001 + m.id % 2999 end, false)) as c (holder, sent)
         group by m.id, c.holder;
    insert into reports (id, author, title, body, task, equipment, period_start, period_end) overriding system value
        select n, case when n % 3 = 0 then :busy when n % 450 = 1 then :employee else 1001 + n % 3000 end,
               'every report ' || n || word, 'as every other one' || word,
               case when n % 10 = 0 then 45000 when n % 10 = 1 then n end,
               case when n % 4 = 0 then 1001 + n % 1000 end, case when n % 5 > 0 then date '2026-01-01' + n % 700 end,
               case when n % 5 > 1 then date '2026-01-01' + n % 700 + 30 end
          from generate_series(1, 18000) n, lateral (select case n when 3003 then ' unicorn' else '' end as word) w;
    -- one who has done much, and one task and one item of which much is told
    update tasks set author = :busy, "user" = :busy where id between 1 and 6000;
    update tasks set author = :employee, "user" = :employee where id between 6001 and 6040;
    update audit set table_name = 'tasks', row_id = 41000 where id % 10 = 0;
    update readings set equipment = 1001 where id % 4 = 0;
    update tasks set equipment = 1001 where id > 40000 and id % 5 = 0;
    update maintenance m set equipment = t.equipment from tasks t where t.id = m.task;
    reset session_replication_role;
    select setval(pg_get_serial_sequence(name, 'id'), 100000)
      from unnest('{users,equipment,tasks,maintenance,readings,schedules,audit,messages,reports}'::text[]) name;
    vacuum analyze"""


# Half of the documents are attached to nothing, a third to objects that all users see, the rest to objects of few.
DOCUMENTS = """
    set session_replication_role = replica;
    insert into documents (id, owner, title, file_name, content_type, size_bytes, sha256, task, equipment, maintenance,
        report, message) overriding system value
        select n, 1001 + n % 3000, 'every document ' || n || case n when 7000 then ' unicorn' else '' end, 'every.txt',
               (array['text/plain', 'image/png', 'application/pdf'])[n % 3 + 1], n,
               encode(sha256(n::text::bytea), 'hex'),
               case n % 12 when 6 then 40001 + n % 9000 when 7 then 1 + n % 40000 end,
               case n % 12 when 8 then 1001 + n % 1000 end, case n % 12 when 9 then 1 + n % 8000 end,
               case n % 12 when 10 then (select min(id) + n % nullif(count(*), 0) from reports) end,
               case n % 12 when 11 then (select min(id) + n % nullif(count(*), 0) from messages) end
          from generate_series(1, 12000) n;
    update documents set owner = :busy where id <= 3000;
    update documents set owner = :employee where id between 3001 and 3040;
    insert into storage_used (user_id, bytes) select owner, sum(size_bytes) from documents group by owner;
    reset session_replication_role;
    select setval(pg_get_serial_sequence('documents', 'id'), 100000);
    vacuum analyze"""


def nodes(plan):
    yield plan
    for part in plan.get('Plans', []):
        yield from nodes(part)


def read_rows(node):
    """The number of rows that a scan has read."""
    removed = sum(node.get('Rows Removed by ' + way, 0) for way in ('Filter', 'Index Recheck'))
    return (node['Actual Rows'] + removed) * node['Actual Loops']


class Plans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_WORKERS='1', FETTLE_SESSIONS='many', POSTGRES_OPTIONS=OPTIONS).start()
        cls.addClassCleanup(cls.on.stop)
        cls.root = cls.on.user('root', superuser=True)
        cls.employee, cls.busy = cls.on.user('employee'), cls.on.user('busy')
        cls.on.psql((SEED + ';' + DOCUMENTS).replace(':busy', str(cls.busy.id)).replace(':employee',
                                                                                        str(cls.employee.id)))
        cls.log = open(os.path.join(cls.on.run, 'log/postgres.log'))
        cls.addClassCleanup(cls.log.close)
        cls.endpoints = []
        for path in sorted(glob.glob(os.path.join(BUILD, 'describe/*.json'))):
            with open(path) as file:
                cls.endpoints += json.load(file)['endpoints']

    def setUp(self):
        self.faults = []

    def tearDown(self):
        self.assertFalse(bool(self.faults), f'{len(self.faults)} faults:\n' + '\n'.join(self.faults[:40]))

    def logged(self):
        """The plans that were logged since; waits until a plan is complete."""
        text = self.log.read()
        for _ in range(500):
            last = text[text.rfind('\n', 0, -1) + 1:]
            if not text or last.endswith('\n') and (not last.startswith('\t') or last == '\t}\n'):
                break
            time.sleep(0.01)
            text += self.log.read()
        return text

    def ask(self, who, method, path, body=None, most=7000, headers=None, raw=None):
        """Sends a request; records each place where one of its statements reads more rows than allowed. All roles and
        permissions fit on one page of the disk, so these tables are read completely."""
        self.log.seek(0, os.SEEK_END)
        answer = who.request(method, path, body, raw=raw, headers=headers)
        for found in re.finditer(r'duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)', self.logged()):
            plan = json.loads(found[1])
            for node in nodes(plan['Plan']):
                name = node.get('Relation Name') or node.get('Index Name')
                if not name:
                    continue
                rows = read_rows(node)
                # an index that has the words of rows that the caller does not see
                is_told = who is self.employee and node['Actual Loops'] and name in (
                    'tasks_texts_words', 'documents_texts_words', 'reports_texts_words')
                if is_told or node['Node Type'] == 'Seq Scan' and name not in ('roles', 'permissions') or rows > most:
                    shown = {key: value for key, value in node.items()
                             if key not in ('Plans', 'Parallel Aware', 'Async Capable', 'Startup Cost', 'Total Cost',
                                            'Plan Width', 'Schema')}
                    self.faults.append(f'{who.username}: {method} {path} -> {answer.status}: {rows} rows\n    '
                                       f'{json.dumps(shown)}\n    {" ".join(plan["Query Text"].split())[:200]}')
        return answer

    # -- lists

    WORDS = ('every', 'unicorn', 'nowhere')
    EXACT = {'code': ['tasks.create'], 'name': ['every lathe 1500', 'employee'], 'serial_number': ['every 1500'],
             'username': ['every1500'], 'first_name': ['every first'], 'last_name': ['every last'],
             'title': ['every task 77', 'every schedule 77', 'every report 77', 'every document 77'],
             'content_type': ['text/plain', 'nothing'], 'sha256': ['1' * 64], 'category': ['every category 7'],
             'manufacturer': ['every maker 7'],
             'model': ['every model 7'], 'location': ['every hall 7'], 'table_name': ['tasks', 'equipment', 'nothing'],
             'operation': ['insert', 'nothing']}
    IDS = {'maintenance': ['1500', '999999'], 'report': ['1500', '999999'], 'message': ['1500', '999999'],
           'equipment': ['1001', '1500', '999999'], 'task': ['45000', '999999'], 'technician': ['1100', '999999'],
           'sender': ['1001', '2000', '999999'], 'row_id': ['41000', '5000', '999999']}

    def values(self, name, schema):
        """Values of a filter that match many rows, few rows and none."""
        kind = schema['type'] if isinstance(schema['type'], str) else schema['type'][0]
        if 'enum' in schema:
            return schema['enum']
        if kind == 'boolean':
            return ['true', 'false']
        if kind == 'integer':
            return self.IDS.get(name, [str(self.busy.id), str(self.employee.id), '1500', '999999'])
        if schema.get('format') == 'date':
            return ['1990-01-01', '2026-06-01', '2027-11-25', '2099-01-01']
        if schema.get('format') == 'date-time':
            return ['1990-01-01T00:00:00Z', '2026-01-20T00:00:00Z', '2099-01-01T00:00:00Z']
        self.assertIn(name, self.EXACT, 'write a value of this field into EXACT')
        return self.EXACT[name]

    def queries(self, endpoint):
        """Each filter with each of its operators, and each ordering."""
        yield {}
        for name in endpoint['filters']:
            if name == 'search':
                yield from ({name: word} for word in self.WORDS)
                continue
            schema = endpoint['answer']['properties'][name]
            values = self.values(name, schema)
            yield from ({name: value} for value in [*values, *self.WORDS])
            yield from ({name + way: value} for way in ('__gte', '__lte') for value in values)
            yield from ({name + '__in': value} for value in [*values, ','.join(values)])
            yield from ({name + '__isnull': value} for value in ('true', 'false'))
        for name, values in endpoint['choices'].items():
            yield from ({name: value} for value in values)
        for name in endpoint['ordering']:
            yield {'ordering': name}
            yield {'ordering': '-' + name}

    def guessed(self, query):
        """The limit for a filter with several users or days: if they have many rows, the planner expects these to be
        spread evenly, and reads rows by id until a page is full. The rows of a single one are found by their index."""
        (name, value), = query.items() or [('', '')]
        return 50000 if name.endswith('__in') and ',' in value else None

    # A first page counts up to 1,001 rows; each page reads at most the rows of one user or one item, here 6,000, or the
    # index of all 10,000 work orders.
    def test_lists(self):
        asked = 0
        for endpoint in self.endpoints:
            if not endpoint['list']:
                continue
            for path in [endpoint['path'].replace('{equipment_id}', '1001').replace('{task_id}', '41000')]:
                for who in (self.employee, self.busy, self.root):
                    if endpoint['asks'] != 'caller' and who is not self.root:
                        continue
                    for query in self.queries(endpoint):
                        answer = self.ask(who, 'GET', f'{path}?{urllib.parse.urlencode(query)}',
                                          most=self.guessed(query) or 12000)
                        if answer.status == 400 and 'Unknown query parameter' in str(answer.json['errors']):
                            continue  # this operator is not available for the filter
                        if answer.status == 400 and set(query.values()) & set(self.WORDS):
                            continue  # not a text
                        self.assertEqual(answer.status, 200, (path, query, answer))
                        asked += 1
                        if answer.json['next']:
                            answer = self.ask(who, 'GET', answer.json['next'].split(str(self.on.port), 1)[1],
                                              most=self.guessed(query) or 7000)
                            self.assertEqual(answer.status, 200)
                            asked += 1
        self.assertGreater(asked, 1000)

    # -- all other endpoints

    # Method, path, body ({picture}: a file); {name} is the id from an earlier answer. Each endpoint that is not a list
    # is here at least once.
    REQUESTS = '''
        GET /health · GET /health/live · GET /me · PATCH /me {"first_name": "A"} · GET /users/1500
        PATCH /users/1500 {"first_name": "B"} · PUT /users/1500 {"username": "renamed", "email": "renamed@example.org"}
        GET /users/1500/profile · PATCH /users/1500/profile {"phone": "1"} · PUT /users/1500/profile {"phone": "2"}
        PUT /users/1500/profile/picture {picture} · POST /users/1500/profile/picture {picture}
        DELETE /users/1500/profile/picture · GET /users/1500/roles
        PUT /users/1500/roles {"roles": ["employee", "manager"]}
        DELETE /users/1501 · POST /roles {"name": "x", "permissions": ["tasks.create"]} role · GET /roles/{role}
        PATCH /roles/{role} {"permissions": []} · PUT /roles/{role} {"name": "y"} · DELETE /roles/{role}
        POST /auth/tokens {"name": "x"} token · GET /auth/tokens/{token} · DELETE /auth/tokens/{token}
        DELETE /auth/sessions/999999
        POST /auth/register {"username": "new", "email": "new@example.org", "password": "{password}"}
        POST /auth/login {"username": "every1600", "password": "{password}"} !
        POST /auth/login {"username": "root", "password": "{password}"} · POST /auth/refresh {"refresh": "nothing"} !
        POST /auth/password {"current_password": "{password}", "new_password": "{password} again"}
        PUT /auth/password {"current_password": "{password} again", "new_password": "{password}"}
        POST /tasks {"title": "x"} task · GET /tasks/{task} · PATCH /tasks/{task} {"title": "y", "user": 1500}
        PUT /tasks/{task} {"title": "z"} · PATCH /tasks/{task}/status {"status": "Complete"} · DELETE /tasks/{task}
        POST /tasks {"title": "x", "equipment": 1500} order · POST /tasks/{order}/claim · DELETE /tasks/{order}/claim
        POST /tasks/claim_next · PATCH /tasks/{order} {"equipment": 1501}
        POST /maintenance {"task": {order}, "description": "x", "cost": 2} record · GET /maintenance/{record}
        PATCH /maintenance/{record} {"cost": 3} · PUT /maintenance/{record} {"task": {order}, "description": "y"}
        DELETE /maintenance/{record} · DELETE /tasks/{order} · POST /equipment {"name": "x", "serial_number": "x"} item
        GET /equipment/{item} · PATCH /equipment/{item} {"name": "y"}
        PUT /equipment/{item} {"name": "z", "serial_number": "z"} · DELETE /equipment/{item} · DELETE /equipment/1001 !
        GET /equipment/1001/life · POST /equipment/1001/readings {"hours": 99999} reading
        GET /equipment/1001/readings/{reading} · DELETE /equipment/1001/readings/{reading}
        POST /schedules {"equipment": 1500, "title": "x", "every_days": 7} schedule · GET /schedules/{schedule}
        PATCH /schedules/{schedule} {"title": "y"}
        PUT /schedules/{schedule} {"equipment": 1500, "title": "z", "every_days": 8} · DELETE /schedules/{schedule}
        POST /messages {"recipients": [1500, {everything}, 1600], "subject": "x", "body": "y", "task": 45000} message
        GET /messages/{message} · PATCH /messages/{message} {"read": true} · DELETE /messages/{message}
        POST /reports {"title": "x", "body": "y", "task": 45000, "equipment": 1500} report · GET /reports/{report}
        PATCH /reports/{report} {"title": "y"} · PUT /reports/{report} {"title": "x", "body": "z"}
        DELETE /reports/{report} · GET /statistics/tasks · GET /statistics/equipment · GET /statistics/technicians
        POST /documents?file_name=x&task=45000 {"a": "file"} document · GET /documents/{document}
        PATCH /documents/{document} {"title": "y"} · DELETE /documents/{document}
        POST /auth/logout {}'''

    # Statistics read all rows that they count, but from an index that exists for them.
    COUNTED = 50000

    def test_every_other_endpoint(self):
        ids, untried = {'password': devstack.PASSWORD}, {(method, endpoint['path']) for endpoint in self.endpoints
                                                         if not endpoint['list'] and not endpoint['sends_file']
                                                         for method in endpoint['methods']}
        who = self.on.user('everything', superuser=True)
        ids['everything'] = who.id
        for line in re.split(r' · |\n', self.REQUESTS.strip()):
            method, path, body, name = re.fullmatch(r' *([A-Z]+) (\S+)(?: (\{.*\}))?(?: (\w+|!))?', line).groups()
            for given, value in ids.items():
                path, body = path.replace('{%s}' % given, str(value)), body and body.replace('{%s}' % given, str(value))
            body = body and body.replace('"root"', '"everything"')
            file = PICTURE if body == '{picture}' else None
            answer = self.ask(who, method, '/api/v1' + path, None if file else body and json.loads(body), raw=file,
                              most=self.COUNTED if path.startswith('/statistics') else 300)
            self.assertLess(answer.status, 300 if name != '!' and '999999' not in path else 500,
                            (method, path, body, answer))
            if name and name != '!':
                ids[name] = answer.json['id']
            untried = {one for one in untried if one[0] != method
                       or not re.fullmatch(re.sub(r'\{\w+\}', r'\\d+', one[1]), '/api/v1' + path.split('?')[0])}
        self.assertEqual(untried, set(), 'add an example of each to REQUESTS')

    def test_with_a_key_and_as_csv(self):
        for _ in range(2):
            self.ask(self.employee, 'POST', '/api/v1/tasks', {'title': 'keyed'}, most=300,
                     headers={'Idempotency-Key': 'plans'})
        # a thousand rows at a time, of which one in five is visible
        for path in ('/api/v1/tasks', '/api/v1/tasks?ordering=-due_date,title',
                     '/api/v1/maintenance?ordering=performed_at'):
            self.ask(self.busy, 'GET', path, most=16000, headers={'Accept': 'text/csv'})
