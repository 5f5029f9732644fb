"""What Fettle costs: requests per second, latency, CPU and memory, beside nginx and PostgreSQL alone. usage: python3 tests/bench.py BUILD

Two stages run side by side, one with 100,000 tasks and one with 1,000,000. Every round measures everything once and every
figure is the median of its rounds, so that a machine that is slower for a while is slower for all that is compared. fsync
is on; autovacuum is off, because its work would fall into one round and not into another: vacuum runs after the seeding.
Exit status 0 whatever the figures are, 1 if something could not be measured.
"""
import base64
import contextlib
import glob
import hashlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build')
SECONDS, ROUNDS = 5, 3
USERS, FIRST_ID = 1000, 1000        # user n has the id FIRST_ID + n, the token below, and every task whose id is n modulo USERS
READER, CREATOR, SUPERUSER = 1, 2, USERS
TOKEN = 'fettle-measures-itself-%016d'
DEPTH = 5000                        # pages of 20; all that the smaller stage has
TASK = {'title': 'Oil the lathe', 'description': 'Before the early shift, with the oil from shelf 12.', 'due_date': '2031-05-01', 'priority_level': 'High'}
TICK = 1_000_000 / os.sysconf('SC_CLK_TCK')  # µs

SEED = """
set session_replication_role = replica;
insert into users (id, username, email, is_superuser) overriding system value
select {first} + n, 'worker' || n, 'worker' || n || '@example.org', n = {superuser} from generate_series(1, {users}) n;
select setval(pg_get_serial_sequence('users', 'id'), {first} + {users});
insert into user_roles (user_id, role_id) select {first} + n, r.id from generate_series(1, {users}) n, roles r where r.name = 'employee';
insert into sessions (user_id, key, expires_at)
select {first} + n, sha256(convert_to('{prefix}' || lpad(n::text, 16, '0'), 'UTF8')), now() + interval '7 days' from generate_series(1, {users}) n;
-- every second task is complete
insert into tasks (id, title, description, due_date, priority_level, status, completed_at, author, "user", created_at) overriding system value
select i, 'Task ' || i || ': oil the lathe', 'Before the early shift, with the oil from shelf ' || i % 90 || '.',
       case when i % 3 > 0 then date '2030-01-01' + (i * 7 % 700)::int end, (array['Low', 'Medium', 'High', 'Critical'])[1 + i % 4],
       case when i % 2 = 0 then 'Complete' when i % 5 = 0 then 'Cancelled' when i % 3 = 0 then 'In Progress' else 'Pending' end,
       case when i % 2 = 0 then now() - i % 1000 * interval '1 hour' end,
       {first} + 1 + (i - 1) % {users}, {first} + 1 + (i - 1) % {users}, now() - i % 2000 * interval '1 hour'
  from generate_series(1, {tasks}) i;
select setval(pg_get_serial_sequence('tasks', 'id'), {tasks});
-- those of the check of the login: real hashes, of another's password
insert into credentials (user_id, password_hash) select {first} + n, c.password_hash from generate_series(1, 250) n, credentials c where c.user_id < {first};
set session_replication_role = origin;
vacuum analyze;
checkpoint;
"""

LUA = """
local function send(method, path, user, body)
    local text = method .. ' ' .. path .. ' HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n'
    if user then text = text .. 'Authorization: Token ' .. string.format('TOKEN', user) .. '\\r\\n' end
    if body then text = text .. 'Content-Type: application/json\\r\\nContent-Length: ' .. #body .. '\\r\\n' end
    return text .. '\\r\\n' .. (body or '')
end
""".replace('TOKEN', TOKEN)


class Unmeasured(Exception):
    """Something could not be measured, and why."""


def say(text):
    print(text, flush=True)


def key_of(user):
    """The key of a user's session, as it is given to a statement."""
    return r'\x' + hashlib.sha256((TOKEN % user).encode()).hexdigest()


def same(method, path, user=None, body=None):
    """A script for wrk that sends one request over and over."""
    given = f', {user or "nil"}' + (f', {json.dumps(json.dumps(body))}' if body else '')
    return LUA + f"local text = send('{method}', '{path}'{given})\nfunction request() return text end\n"


def own_task(tasks):
    """Any of the reader's own tasks."""
    return LUA + f"function request() return send('GET', '/api/v1/tasks/' .. (math.random(0, {tasks // USERS - 1}) * {USERS} + {READER}), {READER}) end\n"


def completing(tasks, turn):
    """Each task by its own user, completed or reopened, never what it is already: every turn has a block of tasks for itself."""
    block = tasks // (ROUNDS + 1)
    return LUA + f"""local n = -1
function request()
    n = n + 1
    local id = {turn * block} + n * 7919 % {block} + 1
    local complete = (id + math.floor(n / {block})) % 2 == 1
    return send('PATCH', '/api/v1/tasks/' .. id .. '/status', (id - 1) % {USERS} + 1, '{{"status":"' .. (complete and 'Complete' or 'Pending') .. '"}}')
end
"""


def cpu_of(root):
    """CPU time in µs of a process and all below it."""
    parents, ticks = {}, {}
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as file:
                fields = file.read().rsplit(')', 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(path.split('/')[2])
        parents.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = int(fields[11]) + int(fields[12])
    found, used = [root], {}
    for pid in found:
        found += parents.get(pid, [])
        used[pid] = ticks.get(pid, 0) * TICK
    return used


def rss_of(live, handler):
    """The resident memory in MiB of a handler's process."""
    pids = live.pids(handler)
    if not pids:
        raise Unmeasured(f'the handler {handler} does not run')
    with open(f'/proc/{pids[0]}/status') as file:
        return int(re.search(r'VmRSS:\s+(\d+) kB', file.read()).group(1)) / 1024


class Load:
    """One line of the table: what wrk sends, and what came of it in each round."""

    def __init__(self, live, name, handler, script, connections=16):
        self.live, self.name, self.handler, self.connections = live, name, handler, connections
        self.script = script if callable(script) else lambda turn: script
        self.rounds = []

    def run(self, turn, seconds):
        path = os.path.join(self.live.data, 'wrk.lua')
        with open(path, 'w') as file:
            file.write(self.script(turn))
        before = cpu_of(self.live.process.pid)
        result = subprocess.run(['wrk', '-t1', f'-c{self.connections}', f'-d{seconds}s', '--timeout', '10s', '--latency', '-s', path,
                                 f'http://127.0.0.1:{self.live.port}/limit'], capture_output=True, text=True)
        after = cpu_of(self.live.process.pid)
        text = result.stdout
        wrong = re.search(r'Non-2xx.*|Socket errors.*', text)
        if result.returncode or wrong:
            raise Unmeasured(f'{self.name}: {wrong.group() if wrong else text + result.stderr}')
        count = int(re.search(r'(\d+) requests in', text).group(1))
        if not count:
            raise Unmeasured(f'{self.name}: no request was answered')
        unit = {'us': 0.001, 'ms': 1, 's': 1000, 'm': 60000}

        def latency(percent):
            number, name = re.search(rf'{percent}%\s+([\d.]+)(\w+)', text).groups()
            return float(number) * unit[name]
        self.rounds.append({'rate': float(re.search(r'Requests/sec:\s+([\d.]+)', text).group(1)), 'p50': latency(50), 'p99': latency(99),
                            'cpu': sum(used - before.get(pid, 0) for pid, used in after.items()) / count,
                            'rss': rss_of(self.live, self.handler) if self.handler else None})

    def __getitem__(self, figure):
        return statistics.median(one[figure] for one in self.rounds)

    def spread(self):
        rates = [one['rate'] for one in self.rounds]
        return 100 * (max(rates) - min(rates)) / statistics.median(rates)

    def line(self):
        rss = f'{self["rss"]:8.1f}' if self.handler else '       –'
        return f'{self.name:32}{self["rate"]:10,.0f}{self["p50"]:9.2f}{self["p99"]:9.2f}{self["cpu"]:9.0f}{rss}{self.spread():8.0f} %'


class Bare:
    """A statement in pgbench, with as many connections as the handler has workers and with twice as many."""

    def __init__(self, live, name, script, values):
        self.live, self.name, self.values = live, name, values
        self.path = os.path.join(live.data, name.replace(' ', '-') + '.pgbench')
        with open(self.path, 'w') as file:
            file.write(script + ';\n')
        self.rounds = {4: [], 8: []}

    def run(self, seconds):
        program = sorted(glob.glob('/usr/lib/postgresql/*/bin/pgbench'))[-1]
        for connections, rates in self.rounds.items():
            values = [f'-D{name}={value}' for name, value in self.values.items()]
            result = subprocess.run([program, '-n', '-M', 'prepared', '-T', str(seconds), '-c', str(connections), '-j', '2', '-f', self.path, *values],
                                    env={**os.environ, **self.live.env, 'PGOPTIONS': '-c plan_cache_mode=force_generic_plan -c jit=off'},
                                    capture_output=True, text=True)
            found = re.search(r'tps = ([\d.]+) \(without', result.stdout)
            if result.returncode or not found or float(found.group(1)) == 0:
                raise Unmeasured(f'pgbench, {self.name}: {result.stdout}{result.stderr}')
            rates.append(float(found.group(1)))

    def best(self):
        return max((statistics.median(rates), connections) for connections, rates in self.rounds.items())


def described(handler):
    """The endpoints of a handler."""
    result = subprocess.run([os.path.join(BUILD, 'handlers', handler), '--describe'], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)['endpoints']


def statement(method, path, names):
    """The very statement of an endpoint as a script for pgbench; pgbench takes colons in literals for variables too."""
    found = next(one['statement'] for one in described('tasks') if one['path'] == path and method in one['methods'])
    if set(found['parameters']) != set(names):
        raise Unmeasured(f'{method} {path}: the parameters are now {found["parameters"]}')
    text = re.sub(r"'[^']*'", lambda literal: 'E' + literal.group().replace(':', r'\x3a') if ':' in literal.group() else literal.group(), found['text'])
    return re.sub(r'\$(\d+)', lambda number: ':' + found['parameters'][int(number.group(1)) - 1], text)


def prepared_stage(stack, tasks):
    """A stage with so many tasks; what is started is stopped with the stack."""
    say(f'Starting a stage with {tasks:,} tasks ...')
    live = stage.Stage(BUILD, FETTLE_WORKERS='4', POSTGRES_OPTIONS='-c fsync=on -c full_page_writes=on -c autovacuum=off')
    stack.callback(lambda: live.stop() if hasattr(live, 'process') else None)
    live.start()
    if live.psql('show fsync') != [['on']]:
        raise Unmeasured('fsync is off')
    live.tasks = tasks
    live.login = live.user('login')
    live.psql(SEED.format(first=FIRST_ID, users=USERS, superuser=SUPERUSER, prefix=TOKEN.split('%')[0], tasks=tasks))
    return live


def idle_memory(live):
    """The memory of each handler after its first request; registration and login have had theirs."""
    sizes = {}
    for n, handler in enumerate(sorted(os.listdir(os.path.join(BUILD, 'handlers')))):
        if handler not in ('auth_register', 'auth_login'):
            endpoint = described(handler)[0]
            method = endpoint['methods'][0]
            answer = live.client(TOKEN % (500 + n)).request(method, re.sub(r'{\w+}', '1', endpoint['path']), None if method == 'GET' else {})
            if answer.status >= 500:
                raise Unmeasured(f'{handler}: {answer}')
        sizes[handler] = rss_of(live, handler)
    return sizes


def page_after(live, page):
    """The address of a superuser's page of 20: the first page's cursor, moved to where that page begins."""
    path = '/api/v1/tasks?page_size=20'
    client = live.client(TOKEN % SUPERUSER)
    cursor = re.search(r'cursor=([\w-]+)', client.get(path).json['next']).group(1)
    parts = json.loads(base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4)))
    parts[-1] = live.psql(f'select id from tasks order by id desc offset {20 * (page - 1) - 1} limit 1')[0][0]
    path += '&cursor=' + base64.urlsafe_b64encode(json.dumps(parts, separators=(',', ':')).encode()).decode().rstrip('=')
    answer = client.get(path)
    if answer.status != 200 or len(answer.json['results']) != 20:
        raise Unmeasured(f'page {page:,}: {answer}')
    return path


def loads_of(live):
    deep, second = page_after(live, DEPTH), page_after(live, 2)
    return {load.name: load for load in (
        Load(live, 'nginx alone', None, same('GET', '/limit')),
        Load(live, '/health/live', 'health', same('GET', '/health/live')),
        Load(live, 'one task', 'tasks', own_task(live.tasks)),
        Load(live, "page of 20, an employee's", 'tasks', same('GET', '/api/v1/tasks?page_size=20', READER)),
        Load(live, "page of 20, a superuser's", 'tasks', same('GET', '/api/v1/tasks?page_size=20', SUPERUSER)),
        Load(live, 'page 2 of these (no count)', 'tasks', same('GET', second, SUPERUSER)),
        Load(live, f'page {DEPTH:,} of these (no count)', 'tasks', same('GET', deep, SUPERUSER)),
        Load(live, 'create', 'tasks', same('POST', '/api/v1/tasks', CREATOR, TASK)),
        Load(live, 'complete', 'task_status', lambda turn: completing(live.tasks, turn)),
        Load(live, 'login', 'auth_login', same('POST', '/api/v1/auth/login', None, {'username': live.login.username, 'password': stage.PASSWORD}), 4))}


def first_answers(live):
    """From exec to the first byte of an answer of the database, in ms: a handler run as plain CGI."""
    times = []
    for _ in range(20):
        started = time.perf_counter()
        with subprocess.Popen([os.path.join(BUILD, 'handlers/health')], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0,
                              env={**os.environ, **live.env, 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/health'}) as process:
            first = process.stdout.read(1)
            times.append(1000 * (time.perf_counter() - started))
            answer = first + process.stdout.read()
        if not answer.startswith(b'Status: 200'):
            raise Unmeasured(f'health as CGI: {answer!r}')
    return statistics.median(times)


def refused_logins(live):
    """Medians in ms of 200 logins with a known name and a wrong password, and of 200 with unknown names, by turns."""
    client, times = live.client(), {'worker': [], 'nobody': []}
    for n in range(1, 206):
        for name in times:
            started = time.perf_counter()
            answer = client.post('/api/v1/auth/login', {'username': f'{name}{n}', 'password': 'not the password'})
            times[name].append(1000 * (time.perf_counter() - started))
            if answer.status != 401:
                raise Unmeasured(f'a refused login: {answer}')
    return [statistics.median(some[5:]) for some in times.values()]


def verdict(what, value, target, met):
    say(f'{what:58}{value:>12}   {target:22} {"met" if met else "MISSED"}')


def measure(stack):
    small, large = prepared_stage(stack, 100_000), prepared_stage(stack, 1_000_000)
    say('Measuring what happens once ...')
    memory, first = idle_memory(small), first_answers(small)
    known, unknown = refused_logins(small)
    loads, more = loads_of(small), loads_of(large)
    del more['nginx alone'], more['login']
    whose = {'key': key_of(READER), 'tasks': small.tasks // USERS - 1}
    own = f'\\set task_id random(0, :tasks) * {USERS} + {READER}\n'
    bare = {one.name: one for one in (
        Bare(small, 'task by primary key', own + 'select * from tasks where id = :task_id', whose),
        Bare(small, 'one task', own + statement('GET', '/api/v1/tasks/{task_id}', ['key', 'task_id']), whose),
        Bare(small, 'create', statement('POST', '/api/v1/tasks', ['ip', 'key', 'body']),
             {'ip': '127.0.0.1', 'key': key_of(CREATOR), 'body': json.dumps(TASK)}))}
    for turn in range(ROUNDS + 1):
        say(f'Round {turn} of {ROUNDS} ...' if turn else 'Warming up ...')
        seconds = SECONDS if turn else 1
        for name, load in loads.items():
            for one in (load, more.get(name)):
                if one:
                    one.run(turn, seconds)
            if name in bare:
                bare[name].run(seconds)
        bare['task by primary key'].run(seconds)
    return loads, more, bare, memory, first, known, unknown


def verdict(what, value, target, met):
    say(f'  {what:52}{value:>10}   {target:12}{"met" if met else "MISSED"}')


def report(small, large, bare, memory, first, known, unknown):
    head = f'{"":32}{"req/s":>10}{"p50 ms":>9}{"p99 ms":>9}{"CPU µs":>9}{"RSS MiB":>8}{"spread":>10}'
    for title, loads in (('100,000 tasks', small), ('1,000,000 tasks', large)):
        say(f'\n{title}\n{head}')
        for load in loads.values():
            say(load.line())
    say('\nThe statement alone, in pgbench at 100,000 tasks')
    for one in bare.values():
        rate, connections = one.best()
        say(f'{one.name:32}{rate:10,.0f}   with {connections} connections')

    say('\nOf what it could be')
    for name, against, least in (('one task', bare['one task'].best()[0], 0.35), ('create', bare['create'].best()[0], None),
                                 ('/health/live', small['nginx alone']['rate'], 0.32)):
        ratio = small[name]['rate'] / against
        what = f'{name} / nginx alone' if name == '/health/live' else f'{name} / its statement in pgbench'
        verdict(what, f'{ratio:.2f}', f'>= {least}', ratio >= least) if least else say(f'  {what:52}{ratio:10.2f}')
    say('\nWith ten times the tasks, and deep in a list')
    for name in ('one task', '/health/live'):
        ratio = large[name]['rate'] / small[name]['rate']
        verdict(f'{name}: rate at 1,000,000 / at 100,000', f'{ratio:.2f}', '>= 0.90', ratio >= 0.90)
    for title, loads in (('100,000', small), ('1,000,000', large)):
        for page, least in (('page of 20, a superuser\'s', 0.80), ('page 2 of these (no count)', 0.80)):
            ratio = loads[f'page {DEPTH:,} of these (no count)']['rate'] / loads[page]['rate']
            verdict(f'at {title}: rate of page {DEPTH:,} / {"page 1" if "super" in page else "page 2"}', f'{ratio:.2f}', f'>= {least:.2f}', ratio >= least)
    say('\nCPU µs per request, against the best of DRF, PHP-FPM, Go gin + pgx, C++ drogon on such a machine')
    for name, most in (('one task', 136), ('page of 20, an employee\'s', 509), ('create', 371), ('complete', 371), ('/health/live', 34)):
        verdict(name, f'{small[name]["cpu"]:.0f}', f'< {most}', small[name]['cpu'] < most)
    say('\nOnce')
    verdict('exec to first answer with a query, ms', f'{first:.1f}', '<= 20', first <= 20)
    heaviest = max(memory, key=memory.get)
    verdict(f'memory of an idle handler, most ({heaviest}), MiB', f'{memory[heaviest]:.1f}', '<= 12', memory[heaviest] <= 12)
    verdict('memory of an idle handler, median, MiB', f'{statistics.median(memory.values()):.1f}', '<= 12', statistics.median(memory.values()) <= 12)
    apart = abs(known - unknown) / unknown
    verdict(f'refused login, known {known:.1f} ms, unknown {unknown:.1f} ms', f'{100 * apart:.1f} %', '< 10 %', apart < 0.1)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the stages are stopped
    started = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            figures = measure(stack)
    except (Unmeasured, RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as fault:
        say(f'not measured: {fault}')
        return 1
    report(*figures)
    say(f'\ntook {time.monotonic() - started:.0f} s')
    return 0


sys.exit(main())
