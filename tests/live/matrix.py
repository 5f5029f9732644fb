"""The route × role matrix of tests/matrix.txt: requests to every endpoint by every kind of caller, always a new one."""
import base64
import concurrent.futures
import glob
import json
import os
import re
import secrets
import unittest

import devstack
import transcript

STACK, BUILD, SANITIZER = None, 'build', ''

TABLE = os.path.join(devstack.ROOT, 'tests/matrix.txt')
KINDS = ('nobody', 'employee', 'manager', 'administrator', 'superuser', 'stranger')
ALIAS_KINDS = ('employee', 'stranger')  # these kinds also try the other paths of an endpoint


class Row:
    """A line of the table: .asked is method and path with {} for every placeholder, in the form of of()."""

    def __init__(self, number, line):
        found = re.fullmatch(r'(GET|POST|PUT|PATCH|DELETE) +(/\S+)((?: +\d{3})+)(?: +([{\[].*|base64 \S+))?',
                             line.strip())
        if not found or len(found[3].split()) != len(KINDS):
            raise ValueError(f'{TABLE}:{number} is not a row: expected method, path, {len(KINDS)} statuses, body')
        self.number, self.method, self.path, self.body = number, found[1], found[2], found[4]
        self.statuses = dict(zip(KINDS, map(int, found[3].split())))
        self.asked = of(self.method, self.path.split('?')[0])


class Cell:
    """One request of one kind of caller; .path is a path of the row's endpoint. objects() fills in the rest."""

    def __init__(self, row, kind, path):
        self.row, self.kind, self.path = row, kind, path
        self.word = 'cell-' + secrets.token_hex(6)
        self.caller_token, self.refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(
            16) + secrets.token_urlsafe(32)

    def fill(self, text):
        return re.sub(r'\{([a-z][a-z.]*)\}', lambda found: str(self.values[found[1]]), text)

    def ask(self, live):
        """Sends the request; the fault of the answer, or None."""
        client = live.client(None if self.kind == 'nobody' else self.caller_token)
        path, body = self.fill(self.path), self.row.body and self.fill(self.row.body)
        for _ in range(5 if SANITIZER else 1):
            file = body and body.startswith('base64 ') and base64.b64decode(body[7:])
            answer = client.request(self.row.method, path, raw=file or body and body.encode(),
                                    headers={'Content-Type': 'application/json'} if body and not file else None)
            if answer.status != 503:  # with a sanitizer a hash is ten times as slow, so a waiting request may get 503
                break
        client.close()
        faults = [] if answer.status == self.row.statuses[self.kind] else [f'expected {self.row.statuses[self.kind]}']
        faults += [*transcript.promises(self.row.method, answer),
                   *STACK.documentation.faults(self.row.method, path, answer)]
        return (faults and f'{TABLE}:{self.row.number} {self.kind}: {self.row.method} {path} {body or ""}\n    '
                f'{", ".join(faults)}; found {answer}')


def of(method, path):
    return method, re.sub(r'\{\w+\}', '{}', path)


def rows():
    with open(TABLE) as file:
        lines = [(number, line) for number, line in enumerate(file, 1) if line.strip() and not line.startswith('#')]
    return [Row(number, line) for number, line in lines]


def endpoints():
    """The endpoints that the handlers describe: for each method and path the name of the handler and other paths."""
    found = {}
    for file_name in glob.glob(os.path.join(BUILD, 'describe/*.json')):
        with open(file_name) as file:
            described = json.load(file)
        for endpoint in described['endpoints']:
            for method in endpoint['methods']:
                others = [also['path'] for also in endpoint['also'] if method in also['methods']]
                found[of(method, endpoint['path'])] = (described['handler'], endpoint['path'], others)
    return found


def objects(cells):
    """Creates the accounts and objects of all cells by SQL, which is fast; logins would take half a minute."""
    STACK.user('matrix')  # all accounts get the hash of its password
    given = json.dumps(
        [{'i': i, 'word': cell.word, 'kind': cell.kind, 'caller': cell.caller_token, 'refresh': cell.refresh}
         for i, cell in enumerate(cells)])
    picture = STACK.store(b'the picture of every owner')
    made = STACK.psql(f'''
        begin;
        create temp table cell on commit drop as
            select *, kind = 'employee' as own from jsonb_to_recordset($cells${given}$cells$)
                as c (i int, word text, kind text, caller text, refresh text);
        create function pg_temp.new_user(called text, kind text) returns bigint language sql as $$
            insert into users (username, email, is_superuser)
                values (called, called || '@example.org', kind = 'superuser');
            insert into credentials (user_id, password_hash)
                select u.id, c.password_hash from users u, users m join credentials c on c.user_id = m.id
                 where u.username = called and m.username = 'matrix';
            insert into user_roles (user_id, role_id)
                select u.id, r.id from users u, roles r where u.username = called and r.name in ('employee', kind);
            select id from users where username = called $$;
        create temp table actor on commit drop as
            select c.*, a.caller_id,
                   case when c.own then a.caller_id
                        else pg_temp.new_user(c.word || '-owner', 'employee') end as owner_id,
                   pg_temp.new_user(c.word || '-other', 'employee') as other_id
              from cell c cross join lateral (select pg_temp.new_user(c.word || '-caller', c.kind) as caller_id) a;
        insert into sessions (user_id, key, expires_at)
            select caller_id, sha256(caller::bytea), now() + interval '1 hour' from actor;
        insert into sessions (user_id, key, refresh_family, refresh_key, expires_at)
            select owner_id, sha256(word::bytea), sha256(left(refresh, 22)::bytea), sha256(refresh::bytea),
                   now() + interval '1 hour' from actor;
        insert into sessions (user_id, kind, name, key)
            select owner_id, 'token', word, sha256((word || '-token')::bytea) from actor;
        insert into equipment (name, serial_number)
            select 'Lathe', word from actor union all select 'Spare', word || '-spare' from actor;
        insert into tasks (title, author, "user") select word, owner_id, owner_id from actor;
        insert into tasks (title, author, "user", equipment)
            select word, a.owner_id, a.owner_id, e.id from actor a join equipment e on e.serial_number = a.word;
        insert into readings (equipment, hours, technician)
            select e.id, 100, a.owner_id from actor a join equipment e on e.serial_number = a.word;
        insert into schedules (equipment, title, every_days, next_due_on, author)
            select e.id, word, 30, current_date + 30, a.owner_id from actor a
                   join equipment e on e.serial_number = a.word;
        insert into tasks (title, author, "user", equipment)
            select a.word || each, a.owner_id, a.owner_id, e.id
              from actor a join equipment e on e.serial_number = a.word, (values ('-done'), ('-held')) as kinds (each);
        insert into maintenance (task, equipment, technician, description)
            select t.id, t.equipment, a.owner_id, 'Done' from actor a join tasks t on t.title = a.word || '-done';
        update tasks t set claimed_until = now() + interval '1 hour' from actor a where t.title = a.word || '-held';
        insert into tasks (title, author, "user") select a.word || '-hidden', a.other_id, a.other_id from actor a;
        insert into messages (sender, subject, body)
            select a.owner_id, a.word, 'Hello' from actor a union all select a.other_id, a.word, 'Hello' from actor a;
        insert into message_copies (message, holder, sender, sent_at, is_sent, is_received)
            select m.id, each.holder, m.sender, m.sent_at, each.holder = m.sender, each.holder <> m.sender
              from actor a join messages m on m.subject = a.word,
              lateral (values (a.owner_id), (a.other_id)) as each (holder);
        insert into reports (author, title, body) select a.owner_id, a.word, 'It ran well.' from actor a;
        -- the order for claim_next, so that it claims no order of another cell
        insert into tasks (title, author, "user", equipment, priority_level, due_date)
            select 'The most urgent', a.owner_id, a.owner_id, e.id, 'Critical', '0001-01-01' from actor a
                   join equipment e on e.serial_number = a.word;
        update profiles p set picture_type = 'image/png', picture_sha256 = '{picture}', thumbnail_sha256 = '{picture}'
            from actor a where p.id = a.owner_id;
        insert into documents (owner, file_name, content_type, size_bytes, sha256, equipment)
            select a.owner_id, a.word || each, 'text/plain', 0, encode(sha256(''), 'hex'),
                   case when each = '-shown' then e.id end
              from actor a join equipment e on e.serial_number = a.word, (values (''), ('-shown')) as kinds (each);
        insert into roles (name) select word || '-role' from actor;
        insert into role_permissions (role_id, code)
            select r.id, 'tasks.create' from actor a join roles r on r.name = a.word || '-role';
        select jsonb_build_object('i', a.i, 'user', a.owner_id, 'username', u.username, 'other', a.other_id,
                   'equipment', e.id, 'spare', n.id, 'reading', g.id, 'schedule', c.id, 'task', t.id, 'order', o.id,
                   'held', h.id, 'done', d.id, 'record', m.id,
                   'hidden', hi.id, 'message', me.id, 'letter', le.id, 'report', re.id, 'document', f.id, 'shown', k.id,
                   'session', s.id, 'token', p.id, 'role', r.id, 'role.name', r.name)
          from actor a join users u on u.id = a.owner_id join equipment e on e.serial_number = a.word
               join equipment n on n.serial_number = a.word || '-spare' join readings g on g.equipment = e.id
               join schedules c on c.equipment = e.id
               join tasks t on t.title = a.word and t.equipment is null
               join tasks o on o.title = a.word and o.equipment = e.id
               join tasks h on h.title = a.word || '-held' join tasks d on d.title = a.word || '-done'
               join maintenance m on m.task = d.id
               join sessions s on s.key = sha256(a.word::bytea)
               join sessions p on p.key = sha256((a.word || '-token')::bytea)
               join roles r on r.name = a.word || '-role' join tasks hi on hi.title = a.word || '-hidden'
               join messages me on me.subject = a.word and me.sender = a.owner_id
               join messages le on le.subject = a.word and le.sender = a.other_id
               join reports re on re.title = a.word
               join documents f on f.file_name = a.word join documents k on k.file_name = a.word || '-shown';
        commit;''')
    for row in made:
        values = json.loads(row[0])
        cell = cells[values['i']]
        cell.values = {**values, 'new': cell.word, 'password': devstack.PASSWORD, 'refresh': cell.refresh}


class Matrix(unittest.TestCase):
    def test_every_endpoint_has_a_row_and_every_row_an_endpoint(self):
        described, table = endpoints(), rows()
        written = {row.asked for row in table}
        faults = [f'{method} {path} of the handler {handler} has no row: add one to tests/matrix.txt, '
                  f'with the status of each kind of caller.'
                  for (method, bare), (handler, path, _) in sorted(described.items()) if (method, bare) not in written]
        paths = {of(method, path) for (method, _), (_, first, others) in described.items() for path in (first, *others)}
        faults += [f'tests/matrix.txt:{row.number}: no handler has {row.method} {row.path} as its .route '
                   f'or .also: remove the row, or correct it.'
                   for row in table if row.asked not in paths]
        if faults:
            self.fail('\n'.join(faults))

    def test_every_kind_of_caller_gets_the_status_of_the_table_on_every_path(self):
        described, cells, seen = endpoints(), [], set()
        for row in rows():
            cells += [Cell(row, kind, row.path) for kind in KINDS]
            if row.asked in described and row.asked not in seen:
                seen.add(row.asked)
                _, path, others = described[row.asked]
                ours = dict(zip(re.findall(r'\{\w+\}', path), re.findall(r'\{\w+\}', row.path)))
                for other in others:  # its placeholders have the names of .route, ours the names of the table
                    cells += [Cell(row, kind, re.sub(r'\{\w+\}', lambda found: ours[found[0]], other))
                              for kind in ALIAS_KINDS]
        objects(cells)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            faults = [fault for fault in pool.map(lambda cell: cell.ask(STACK), cells) if fault]
        if faults:
            self.fail(f'{len(faults)} of {len(cells)} cells\n' + '\n'.join(faults))
