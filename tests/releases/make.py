"""Stores the database of a release for the upgrade test. usage: python3 tests/releases/make.py CHECKOUT RELEASE

CHECKOUT is a checkout of the release's commit in which `make` has run. 1.0.0 was stored like this, from commit 47a06df:

    git clone . /tmp/release && git -C /tmp/release checkout 47a06df && make -C /tmp/release
    python3 tests/releases/make.py /tmp/release 1.0.0

The script starts the dev stack of that checkout, lets users work with it over HTTP, and runs its `fettle audit seal`
twice. It writes three files next to itself:
- RELEASE.sql.xz: the roles of the handlers, and the database as pg_dump writes it; psql restores it as a superuser.
- RELEASE.statements.sql.xz: the checkout's build/statements.sql, with every statement of the release's handlers.
- RELEASE.json: its answers to GET requests, the password of all accounts, the secrets of their tokens (not valid for
  any other database), a request with an Idempotency-Key and its answer, the last link of the audit chain.
tests/live/upgrade.py reads them. A stored release is never rebuilt: it is the state that the release has left.
"""
import base64
import json
import lzma
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checkout  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = 'correct horse battery'
FILE = 'Oil it: shelf 12, Öl № 7.\n'.encode()
# one pixel
PICTURE = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM44KAAAALkASGBJcjI'
                           'AAAAAElFTkSuQmCC')
ENDLESS = '9999-12-31T23:59:59Z'


class Work:
    """Users of a running release; every step must get the expected status."""

    def __init__(self, live):
        self.live, self.people, self.tokens = live, {}, {}

    def ask(self, name, method, path, body=None, status=200, **more):
        """One request of a user; the JSON of its answer, None if it has no body."""
        answer = self.people[name].request(method, '/api/v1' + path, body, **more)
        assert answer.status == status, f'{name}: {method} {path}: {answer}'
        return answer.json if answer.body else None

    def create(self, name, path, body, **more):
        """Creates an object; its id."""
        return self.ask(name, 'POST', path, body, 201, **more)['id']

    def hire(self):
        """Accounts with roles, each with a personal access token; one account that is inactive."""
        live = self.live
        self.people['root'] = live.user('root', superuser=True)
        for name, role in (('ada', 'administrator'), ('mia', 'manager'), ('ann', None), ('ben', None), ('gus', None)):
            self.people[name] = live.user(name, role)
        self.ask('ann', 'PATCH', f'/users/{self.id("ann")}/profile',
                 {'phone': '+49 30 1234567', 'job_title': 'Schlosserin', 'bio': 'Repairs lathes.\nSince 1999: Öl, 油.',
                  'date_of_birth': '1980-02-29'})
        self.ask('ann', 'POST', f'/users/{self.id("ann")}/profile/picture', raw=PICTURE,
                 headers={'Content-Type': 'image/png'})
        self.ask('root', 'PATCH', f'/users/{self.id("ben")}', {'first_name': 'Ben', 'last_name': 'Núñez'})
        role = self.create('root', '/roles', {'name': 'Storekeeper', 'description': 'Keeps the store.',
                                              'permissions': ['users.edit', 'tasks.create']})
        self.ask('root', 'PUT', f'/users/{self.id("ben")}/roles', {'roles': ['employee', 'Storekeeper']})
        self.ask('root', 'PATCH', f'/users/{self.id("gus")}', {'is_active': False})
        for name in ('root', 'ada', 'mia', 'ann', 'ben'):
            made = self.ask(name, 'POST', '/auth/tokens', {'name': f'script of {name}'}, 201)
            self.tokens[name] = made['token']
        narrow = {'name': 'tasks alone', 'permissions': ['tasks.view_all']}
        self.tokens['narrow'] = self.ask('mia', 'POST', '/auth/tokens', narrow, 201)['token']
        ended = self.ask('mia', 'POST', '/auth/tokens', {'name': 'ended'}, 201)
        self.tokens['ended'] = ended['token']
        self.ask('mia', 'DELETE', f'/auth/tokens/{ended["id"]}', status=204)
        return [f'/roles/{role}']

    def id(self, name):
        return self.people[name].id

    def work(self):
        """Equipment with readings and schedules, tasks, work orders in every state; the paths of what can be read."""
        lathe = self.create('ada', '/equipment', {
            'name': 'Lathe', 'serial_number': 'L-1', 'category': 'CNC machining', 'manufacturer': 'Haas',
            'model': 'ST-20', 'location': 'Hall 1', 'acquired_on': '2019-04-01', 'service_life_months': 180,
            'service_life_hours': '40000', 'notes': 'Öl № 7'})
        press = self.create('ada', '/equipment', {'name': 'Press', 'serial_number': 'P-1', 'status': 'Retired'})
        readings = [self.create('ann', f'/equipment/{lathe}/readings', {'hours': hours, 'read_at': at})
                    for hours, at in (('100.25', '2024-01-31T12:00:00Z'), ('180.5', '2024-03-31T12:00:00Z'))]
        self.ask('ada', 'PATCH', f'/equipment/{lathe}', {'status': 'Under Maintenance'})

        plain = self.create('ann', '/tasks', {
            'title': 'Sweep the hall', 'description': 'Before 6 a.m., „gründlich“.', 'due_date': '2031-05-01',
            'priority_level': 'Low'})
        self.ask('ann', 'PATCH', f'/tasks/{plain}', {'priority_level': 'High'})
        done = self.create('ann', '/tasks', {'title': 'Count the screws'})
        self.ask('ann', 'PATCH', f'/tasks/{done}/status', {'status': 'Complete'})
        given = self.create('mia', '/tasks', {'title': 'Order oil', 'user': self.id('ben')})
        self.ask('ben', 'PATCH', f'/tasks/{given}/status', {'status': 'In Progress'})
        cancelled = self.create('mia', '/tasks', {'title': 'Paint the door'})
        self.ask('mia', 'PATCH', f'/tasks/{cancelled}/status', {'status': 'Cancelled'})
        gone = self.create('ann', '/tasks', {'title': 'Never mind'})
        self.ask('ann', 'DELETE', f'/tasks/{gone}', status=204)

        def order(title, **more):
            return self.create('mia', '/tasks', {'title': title, 'equipment': lathe, **more})
        opened, claimed = order('Oil the lathe', priority_level='Critical'), order('Align the bed')
        assigned, finished = order('Change the filter', user=self.id('ben')), order('Change the belt')
        self.ask('ann', 'POST', f'/tasks/{claimed}/claim')
        self.ask('ann', 'POST', f'/tasks/{finished}/claim')
        assert self.ask('ben', 'GET', f'/tasks/{assigned}')['claimed_until'] == ENDLESS
        record = self.create('ann', '/maintenance', {
            'task': finished, 'performed_at': '2025-01-31T14:00:00+02:00', 'description': 'A new belt, tightened.',
            'findings': 'The old one was worn.', 'hours_spent': '1.5', 'cost': '49.9',
            'parts': [{'name': 'Belt A-42', 'quantity': 1}, {'name': 'Schraube M8 × 20', 'quantity': 12}]})
        self.ask('ann', 'PATCH', f'/maintenance/{record}', {'cost': '51.40'})

        schedules = [self.create('mia', '/schedules', body) for body in (
            {'equipment': lathe, 'title': 'Inspect the lathe', 'every_days': 30, 'next_due_on': '2026-01-01',
             'lead_days': 3},
            {'equipment': lathe, 'title': 'Grease the lathe', 'every_hours': '500', 'priority_level': 'High'},
            {'equipment': lathe, 'title': 'Not any longer', 'every_days': 90, 'is_active': False})]
        self.fettle('schedules', 'run')
        due = self.ask('mia', 'GET', f'/schedules/{schedules[0]}')['open_order']
        assert due, 'the schedule that is due has no work order'
        self.orders = {'open': opened, 'claimed': claimed, 'assigned': assigned, 'finished': finished, 'due': due}

        message = self.create('ann', '/messages', {'recipients': [self.id('ben'), self.id('mia')], 'subject': 'Oil',
                                                   'body': 'Who has the oil can?', 'task': plain})
        self.ask('ben', 'PATCH', f'/messages/{message}', {'read': True})
        self.ask('mia', 'DELETE', f'/messages/{message}', status=204)
        report = self.create('ann', '/reports', {'title': 'Lathe in October', 'body': 'It ran well.', 'task': plain,
                                                 'equipment': lathe, 'period_start': '2025-10-01',
                                                 'period_end': '2025-10-31'})
        self.ask('ann', 'PATCH', f'/reports/{report}', {'title': 'Lathe in October, again'})
        documents = [self.create('ann', f'/documents?file_name={name}&title=Manual&{to}', None, raw=FILE,
                                 headers={'Content-Type': 'text/plain'})
                     for name, to in (('a.txt', f'task={plain}'), ('b.txt', f'equipment={lathe}'),
                                      ('c.txt', f'maintenance={record}'), ('d.txt', f'report={report}'))]
        self.document = documents[0]
        self.request = {'user': 'ben', 'path': '/api/v1/tasks', 'key': 'kept-with-the-release',
                        'body': {'title': 'Made once', 'description': 'And answered twice.'}}
        self.request['answer'] = self.ask('ben', 'POST', '/tasks', self.request['body'], 201,
                                          headers={'Idempotency-Key': self.request['key']})
        return [f'/tasks/{one}' for one in (plain, done, cancelled, *self.orders.values())] + [
            f'/tasks/{plain}/history', f'/tasks/{finished}/history', f'/equipment/{lathe}', f'/equipment/{press}',
            f'/maintenance/{record}', f'/reports/{report}', *(f'/schedules/{one}' for one in schedules),
            *(f'/documents/{one}' for one in documents), *(f'/equipment/{lathe}/readings/{one}' for one in readings),
            f'/users/{self.id("ann")}', f'/users/{self.id("ben")}', f'/users/{self.id("gus")}',
            f'/users/{self.id("ann")}/profile', f'/users/{self.id("ben")}/roles', '/roles', '/tasks?ordering=title',
            '/tasks?status=Complete', '/equipment', '/maintenance', '/reports', '/documents',
            '/schedules', '/users', f'/audit?table_name=tasks&row_id={claimed}',
            f'/audit?table_name=maintenance&row_id={record}', f'/equipment/{lathe}/readings'], [
            f'/messages/{message}', '/messages', f'/tasks/{plain}', f'/tasks/{given}', '/me', '/tasks/completed']

    def leave(self):
        """A session that was logged out, one that a later login has superseded, and a failed login."""
        self.ask('ann', 'POST', '/auth/logout')
        for name, password, status in (('ben', PASSWORD, 200), ('ben', 'not the password', 401)):
            answer = self.live.client().post('/api/v1/auth/login', {'username': name, 'password': password})
            assert answer.status == status, answer

    def fettle(self, *words):
        """Runs the command of the release; its output."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(('FETTLE_', 'PG'))}
        env |= {'FETTLE_ENV': os.path.join(self.live.data, 'env'), 'FETTLE_SQL': os.path.join(RELEASE, 'sql')}
        return subprocess.run([os.path.join(self.live.build, 'fettle'), *words], env=env, check=True,
                              capture_output=True, text=True).stdout

    def answers(self, paths, personal):
        """The answers of the release to GET: shared objects with root's token, personal ones with the token of their
        owner. The tokens of mia are listed with a session, because that requires a session."""
        found, session = [], self.people['mia'].token
        for name, some in (('root', paths), ('ann', personal), ('ben', personal[:4]), ('narrow', ['/tasks', '/me']),
                           ('a session of mia', ['/auth/tokens'])):
            client = self.live.client(self.tokens.get(name, session))
            for path in some:
                answer = client.get('/api/v1' + path)
                entry = {'token': name, 'path': '/api/v1' + path, 'status': answer.status, 'json': answer.json}
                if answer.status != 200:
                    entry['json'] = {'code': answer.json['code']}
                found.append(entry)
        return found


def dump(live, build):
    """The roles and the database as SQL, without the lines that only a psql of the same minor version understands."""
    program = next(os.path.join(folder, 'pg_dump') for folder in (
        f'/usr/lib/postgresql/{live.psql("show server_version")[0][0].split(".")[0]}/bin', '/usr/bin')
        if os.path.exists(os.path.join(folder, 'pg_dump')))
    text = subprocess.run([program, '-h', live.run, '-U', 'postgres', 'fettle'], check=True, capture_output=True,
                          text=True).stdout
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(('\\restrict', '\\unrestrict'))]
    with open(os.path.join(build, 'database_roles.sql')) as roles:
        return roles.read() + ''.join(lines)


def keep(name, content):
    """Writes a file next to this script, compressed if its name ends in .xz."""
    path = os.path.join(HERE, name)
    with (lzma.open(path, 'wb', preset=9 | lzma.PRESET_EXTREME) if name.endswith('.xz') else open(path, 'wb')) as file:
        file.write(content.encode())
    print(f'{name}: {os.path.getsize(path):,} bytes')


def main():
    global RELEASE
    RELEASE, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    build = os.path.join(RELEASE, 'build')
    live = checkout.stack_class(RELEASE)(build)
    live.start()
    try:
        work = Work(live)
        paths = work.hire()
        print(work.fettle('audit', 'seal').strip())
        shared, personal = work.work()
        work.leave()
        found = work.answers(paths + shared, personal)
        # one second between the two seals, so that every list shows different times
        time.sleep(1)
        print(work.fettle('audit', 'seal').strip())
        said = work.fettle('audit', 'verify').splitlines()
        print(*said, sep='\n')
        position, head = said[0].split()[-2:]
        assert said[-1] == f'{position} rows are unchanged since they were sealed', said
        assert live.psql('select count(*) from audit') == [[position]], 'a row of the trail is not sealed'
        assert live.psql('select count(distinct sealed_at) from audit_seals') >= [['2']], 'it was not sealed twice'
        keep(f'{name}.sql.xz', dump(live, build))
        with open(os.path.join(build, 'statements.sql')) as statements:
            keep(f'{name}.statements.sql.xz', statements.read())
        facts = {'release': name, 'password': PASSWORD, 'ids': {one: client.id for one, client in work.people.items()},
                 'tokens': work.tokens, 'orders': work.orders, 'file': FILE.decode(), 'document': work.document,
                 'request': work.request, 'audit': {'position': int(position), 'hash': head}}
        lines = [f'{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}' for key, value in facts.items()]
        answers = ',\n'.join(json.dumps(answer, ensure_ascii=False) for answer in found)
        keep(f'{name}.json', '{' + ',\n'.join(lines) + ',\n"answers": [\n' + answers + '\n]}\n')
    finally:
        live.stop()


main()
