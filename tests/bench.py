"""Measures the cost of Fettle next to nginx and PostgreSQL alone: requests per second, latency, CPU, memory.

usage: python3 tests/bench.py BUILD [BESIDE]        ONLY=beside in the environment: the comparison with BESIDE alone
                                                   QUICK=1: the table of the goal alone, in less than three minutes

The table of the goal compares the CPU time of a request with its limit: nginx that answers alone, and PostgreSQL that
runs the bare statements in pgbench, on a table with one index and without rights, trail, versions and checks. Both are
measured in the same round, so the ratio is about the same on every machine.

Two dev stacks run side by side, one with 100,000 tasks and one with 1,000,000. Every round measures everything, and a
figure is the median of its rounds, so a machine that is slower for a while is slower for all compared figures. fsync
is on. Autovacuum is off, because it would run in one round and not in another; vacuum runs after the data is inserted.
BESIDE is the build directory of another commit, in its checkout. The tools of that checkout start it, on its own
database with its own schema, so the schemas may differ. Reading one task and creating one are then measured in turns:
short loads of the two builds follow each other, and every second pair begins with the other build. The output is the
median of the ratios within the pairs, because the noise of the machine cancels within a pair, and the middle half of
the ratios. With ONLY=beside this takes about three minutes. On a busy machine CPU time is more reliable than the rate.
Exit status 0 whatever the figures are, 1 if something could not be measured, 2 for wrong usage.
"""
import base64
import contextlib
import functools
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from statistics import median, quantiles

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, 'releases')]
import checkout  # noqa: E402
import devstack  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build')
BESIDE = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
ONLY, QUICK = os.environ.get('ONLY', ''), os.environ.get('QUICK') == '1'
ROUNDS, SECONDS = 3, 3 if os.environ.get('QUICK') == '1' else 5
# comparison with another build: pairs for each kind of request, and seconds of each load
PAIRS, PAIR_SECONDS = 32, 1
# worker n has the id FIRST + n, this token, and every task whose id is n modulo USERS; workers above USERS have no task
USERS, FIRST, TOKEN = 1000, 1000, 'fettle-measures-itself-%016d'
READER, CREATOR, BEARER, SUPERUSER = 1, 2, 3, USERS
TASK = {
    'title': 'Oil the lathe',
    'description': 'Before the early shift, from shelf 12.',
    'due_date': '2031-05-01',
    'priority_level': 'High',
}
EMPLOYEE, PAGE_1 = "page of 20, an employee's", "page of 20, a superuser's"
PAGE_2, PAGE_5000 = 'its page 2 (not counted)', 'its page 5,000 (not counted)'

SEED = f"""
set session_replication_role = replica;  -- no triggers
insert into users (id, username, email, is_superuser) overriding system value
select {FIRST} + n, 'worker' || n, 'worker' || n || '@example.org', n = {SUPERUSER}
  from generate_series(1, {USERS} + 100) n;
insert into profiles (id) select id from users on conflict do nothing;
insert into user_roles (user_id, role_id)
select u.id, r.id from users u, roles r where r.name = 'employee' on conflict do nothing;
insert into sessions (user_id, key, expires_at)
select id, sha256(convert_to('{TOKEN.split('%')[0]}' || lpad((id - {FIRST})::text, 16, '0'), 'UTF8')),
       now() + interval '7 days'
  from users where id > {FIRST};
insert into credentials (user_id, password_hash)
select u.id, c.password_hash from users u, credentials c where u.id > {FIRST};
-- every second task is complete
insert into tasks (id, title, description, due_date, priority_level, status, completed_at, author, "user",
                   created_at) overriding system value
select i, 'Task ' || i || ': oil the lathe', 'Before the early shift, from shelf ' || i % 90 || '.',
       case when i % 3 > 0 then date '2030-01-01' + (i * 7 % 700)::int end,
       (array['Low', 'Medium', 'High', 'Critical'])[1 + i % 4],
       case when i % 2 = 0 then 'Complete' when i % 5 = 0 then 'Cancelled' when i % 3 = 0 then 'In Progress'
            else 'Pending' end,
       case when i % 2 = 0 then now() - i % 1000 * interval '1 hour' end,
       {FIRST} + 1 + (i - 1) % {USERS}, {FIRST} + 1 + (i - 1) % {USERS}, now() - i % 2000 * interval '1 hour'
  from generate_series(1, :tasks) i;
select setval(pg_get_serial_sequence('tasks', 'id'), max(id)) from tasks;
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


say = functools.partial(print, flush=True)


def same(method, path, user='nil', body=None):
    """A script for wrk that sends the same request again and again."""
    arguments = f"'{method}', '{path}', {user}{', ' + json.dumps(json.dumps(body)) if body else ''}"
    return LUA + f"local text = send({arguments})\nfunction request() return text end\n"


def completing(tasks, turn):
    """Completes or reopens many tasks, each by its own user, always to the other status; each turn has its own ids."""
    block = tasks // (ROUNDS + 1)
    return LUA + f"""local n = -1
function request()
    n = n + 1
    local id = {turn * block} + n * 7919 % {block} + 1
    local status = (id + math.floor(n / {block})) % 2 == 1 and 'Complete' or 'Pending'
    return send('PATCH', '/api/v1/tasks/' .. id .. '/status', (id - 1) % {USERS} + 1, '{{"status":"' .. status .. '"}}')
end
"""


def cpu_of(root, ended=False):
    """CPU time in µs of a process and of its descendants; with `ended` also that of children that have ended."""
    below, used = {}, {}
    for path in glob.glob('/proc/[0-9]*/stat'):
        with contextlib.suppress(OSError), open(path) as file:  # a process can end in the meantime
            pid, fields = int(path.split('/')[2]), file.read().rsplit(')', 1)[1].split()
            below.setdefault(int(fields[1]), []).append(pid)
            ticks = sum(map(int, fields[11:15] if ended else fields[11:13]))
            used[pid] = ticks * 1_000_000 / os.sysconf('SC_CLK_TCK')
    tree = [root]
    for pid in tree:
        tree += below.get(pid, [])
    return {pid: used.get(pid, 0) for pid in tree}


def rss_of(live, handler):
    """The resident memory of a handler in MiB."""
    with open(f'/proc/{live.pids(handler)[0]}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20


class Load:
    """One line of the table: a load of wrk and its results in each round."""

    def __init__(self, live, name, handler, script, connections=16):
        self.live, self.name, self.handler, self.connections, self.rounds = live, name, handler, connections, []
        self.script = script if callable(script) else lambda turn: script

    def run(self, turn, seconds):
        path = os.path.join(self.live.data, 'wrk.lua')
        with open(path, 'w') as file:
            file.write(self.script(turn))
        before = cpu_of(self.live.process.pid)
        command = ['wrk', '-t1', f'-c{self.connections}', f'-d{seconds}s', '--timeout', '10s', '--latency', '-s', path]
        result = subprocess.run(command + [f'http://127.0.0.1:{self.live.port}/'], capture_output=True, text=True)
        after = cpu_of(self.live.process.pid)
        count = re.search(r'(\d+) requests in', result.stdout)
        assert (
            not re.search(r'Non-2xx|Socket errors', result.stdout) and count and count.group(1) != '0'
        ), f'{self.name}: {result.stdout}{result.stderr}\n{self.live.logs()[-2000:]}'
        p50, p99 = [float(number) * {'us': 0.001, 'ms': 1, 's': 1000, 'm': 60000}[unit]
                    for number, unit in re.findall(r'(?:50|99)%\s+([\d.]+)(\w+)', result.stdout)]
        if turn:
            self.rounds.append(
                {
                    'rate': float(re.search(r'Requests/sec:\s+([\d.]+)', result.stdout).group(1)),
                    'p50': p50,
                    'p99': p99,
                    'cpu': sum(used - before.get(pid, 0) for pid, used in after.items()) / int(count.group(1)),
                    'rss': rss_of(self.live, self.handler) if self.handler else 0,
                }
            )

    def __getitem__(self, figure):
        return median(one[figure] for one in self.rounds)


# What a server without rights, trail, versions and checks would ask of PostgreSQL, on a table of its own.
BARE_TABLE = """
create table bare_tasks as
    select id, title, description, due_date, priority_level, status, completed_at, author, created_at, updated_at
      from tasks;
alter table bare_tasks add primary key (id), alter id add generated always as identity (start 100000001);
create index bare_tasks_of_author on bare_tasks (author, created_at desc, id desc);
create table bare_sessions as select key, user_id from sessions;
create unique index bare_sessions_key on bare_sessions (key);
grant all on bare_tasks, bare_sessions to public;
vacuum analyze bare_tasks, bare_sessions;
"""
BARE_CALLER = f"""\\set user random(1, {USERS})
select user_id from bare_sessions
 where key = sha256(convert_to('{TOKEN.split('%')[0]}' || lpad((:user)::text, 16, '0'), 'UTF8'));
"""
BARE_STATEMENTS = {
    'one task': f"""\\set task random(0, 99) * {USERS} + :user
select * from bare_tasks where id = :task and author = {FIRST} + :user""",
    'page, filtered and counted': f"""
select count(*) from bare_tasks where author = {FIRST} + :user and status = 'Pending';
select * from bare_tasks where author = {FIRST} + :user and status = 'Pending'
 order by created_at desc, id desc limit 20""",
    'create': f"""
insert into bare_tasks (title, description, due_date, priority_level, status, author, created_at, updated_at)
values ('{TASK['title']}', '{TASK['description']}', '{TASK['due_date']}', 'High', 'Pending', {FIRST} + :user, now(),
        now()) returning *""",
    'complete': f"""\\set task random(0, 99) * {USERS} + :user
update bare_tasks set status = case status when 'Complete' then 'Pending' else 'Complete' end, completed_at = now(),
       updated_at = now()
 where id = :task and author = {FIRST} + :user returning *""",
}
# The most that a request may cost, in times of its limit.
GOAL = {'one task': 2.3, 'page, filtered and counted': 2.5, 'create': 3.3, 'complete': 3.6, '/health/live': 4.0}


class Bare:
    """A statement in pgbench, with as many connections as a handler has workers, and with twice as many."""

    def __init__(self, live, name, script, values):
        self.live, self.rounds = live, {4: [], 8: []}
        self.path = os.path.join(live.data, name.replace(' ', '-') + '.pgbench')
        self.values = [f'-D{name}={value}' for name, value in values.items()]
        with open(self.path, 'w') as file:
            file.write(script + ';\n')

    def run(self, turn, seconds):
        program = sorted(glob.glob('/usr/lib/postgresql/*/bin/pgbench'))[-1]
        for connections, rates in self.rounds.items():
            command = f'{program} -n -M prepared -T {seconds} -c {connections} -j 2 -f {self.path}'.split()
            env = {**os.environ, **self.live.env, 'PGOPTIONS': '-c plan_cache_mode=force_generic_plan -c jit=off'}
            result = subprocess.run(command + self.values, env=env, capture_output=True, text=True)
            found = re.search(r'tps = ([\d.]+) \(without', result.stdout)
            assert found and not result.returncode, f'pgbench: {result.stdout}{result.stderr}'
            rates += [float(found.group(1))] if turn else []


class Limit:
    """The CPU time of the bare statements of a request in pgbench, in each round."""

    def __init__(self, live, name):
        self.live, self.name, self.rounds = live, name, []
        self.path = os.path.join(live.data, name.replace(' ', '-') + '.limit')
        with open(self.path, 'w') as file:
            file.write(BARE_CALLER + BARE_STATEMENTS[name] + ';\n')

    def run(self, turn, seconds):
        before = cpu_of(self.live.process.pid, ended=True)
        program = sorted(glob.glob('/usr/lib/postgresql/*/bin/pgbench'))[-1]
        result = subprocess.run([program, '-n', '-M', 'prepared', f'-T{seconds}', '-c4', '-j1', '-f', self.path],
                                env={**os.environ, **self.live.env}, capture_output=True, text=True)
        after = cpu_of(self.live.process.pid, ended=True)
        count = re.search(r'actually processed: (\d+)', result.stdout)
        assert count and not result.returncode, f'pgbench: {result.stdout}{result.stderr}'
        if turn:
            self.rounds.append(sum(used - before.get(pid, 0) for pid, used in after.items()) / int(count[1]))


def measure_goal(live):
    """The table of the goal: each kind of request beside its limit, in rounds."""
    live.psql(BARE_TABLE)
    filtered = LUA + f"""function request()
    return send('GET', '/api/v1/tasks?status=Pending&page_size=20', math.random(1, {USERS})) end\n"""
    nginx = Load(live, 'nginx alone', None, same('GET', '/limit'))
    loads = {load.name: load for load in (
        one_task(live), Load(live, 'page, filtered and counted', 'tasks', filtered), create(live),
        Load(live, 'complete', 'task_status', lambda turn: completing(live.tasks, turn)),
        Load(live, '/health/live', 'health', same('GET', '/health/live')))}
    limits = {name: Limit(live, name) for name in BARE_STATEMENTS}
    for turn in range(ROUNDS + 1):
        say(f'Round {turn} of {ROUNDS} of the goal ...' if turn else 'Warming up ...')
        for one in (nginx, *loads.values(), *limits.values()):
            one.run(turn, SECONDS if turn else 1)
    say(f'\n{"CPU µs per request":30}{"Fettle":>9}{"limit":>9}{"ratio":>9}   of its rounds')
    for name, load in loads.items():
        bare = limits[name].rounds if name in limits else [0] * ROUNDS
        limit = [one + alone['cpu'] for one, alone in zip(bare, nginx.rounds)]
        ratios = [one['cpu'] / least for one, least in zip(load.rounds, limit)]
        met = 'met' if median(ratios) <= GOAL[name] else 'MISSED'
        say(f'{name:30}{load["cpu"]:9.0f}{median(limit):9.0f}{median(ratios):9.2f}'
            f'   {min(ratios):.2f} to {max(ratios):.2f}   <= {GOAL[name]}   {met}')


def described(handler):
    return json.loads(subprocess.check_output([os.path.join(BUILD, 'handlers', handler), '--describe']))['endpoints']


def statement(method, path):
    """The statement of an endpoint as a script for pgbench, with escaped colons in literals (not variables)."""
    found = next(one['statement'] for one in described('tasks') if one['path'] == path and method in one['methods'])
    text = re.sub(
        r"'[^']*'",
        lambda literal: 'E' + literal.group().replace(':', r'\x3a') if ':' in literal.group() else literal.group(),
        found['text'],
    )
    return re.sub(r'\$(\d+)', lambda number: ':' + found['parameters'][int(number.group(1)) - 1], text)


def prepared_stack(stack, tasks, build=BUILD):
    """Starts a dev stack with this number of tasks, by the checkout of the build; the exit stack stops it."""
    say(f'Starting a dev stack with {tasks:,} tasks ...')
    kind = devstack.DevStack if build == BUILD else checkout.stack_class(checkout.of_build(build))
    live = kind(
        build,
        FETTLE_WORKERS='4',
        FETTLE_SESSIONS='many',
        POSTGRES_OPTIONS='-c fsync=on -c full_page_writes=on -c autovacuum=off',
    )
    stack.callback(lambda: live.stop() if hasattr(live, 'process') else None)
    live.start()
    assert live.psql('show fsync') == [['on']], 'fsync is off'
    live.tasks, live.login = tasks, live.user('login').username
    live.psql(SEED.replace(':tasks', str(tasks)))
    return live


def measure_once(live):
    """Memory of each idle handler (MiB), time from exec to the first byte (ms), time of a refused login with a known
    and with an unknown name (ms)."""
    memory, starts, refused = {}, [], {'worker': [], 'nobody': []}
    for n, handler in enumerate(sorted(os.listdir(os.path.join(BUILD, 'handlers')))):
        if handler not in ('auth_register', 'auth_login'):  # these two have already answered a request
            first = described(handler)[0]
            answer = live.client(TOKEN % (USERS + 1 + n)).request(
                first['methods'][0], re.sub(r'{\w+}', '1', first['path'])
            )
            assert answer.status < 500, f'{handler}: {answer}'
        memory[handler] = rss_of(live, handler)
    variables = {**os.environ, **live.env, 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/health'}
    for _ in range(20):  # as plain CGI
        started = time.perf_counter()
        with subprocess.Popen(
            [os.path.join(BUILD, 'handlers/health')],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=variables,
        ) as process:
            first = process.stdout.read(1)
            starts.append(1000 * (time.perf_counter() - started))
            assert (first + process.stdout.read()).startswith(b'Status: 200'), 'health does not answer as CGI'
    client = live.client()
    for n in range(1, 206):  # each name once, because a second failure of a name could have to wait
        for name in refused:
            started = time.perf_counter()
            answer = client.post('/api/v1/auth/login', {'username': f'{name}{n}', 'password': 'not the password'})
            refused[name].append(1000 * (time.perf_counter() - started))
            assert answer.status == 401, f'a refused login: {answer}'
    return memory, median(starts), median(refused['worker'][5:]), median(refused['nobody'][5:])


def page_after(live, page):
    """The URL of a page of 20 for a superuser: the cursor of the first page, changed to the start of that page."""
    path, client = '/api/v1/tasks?page_size=20', live.client(TOKEN % SUPERUSER)
    cursor = re.search(r'cursor=([\w-]+)', client.get(path).json['next']).group(1)
    parts = json.loads(base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4)))
    parts[-1] = live.psql(f'select id from tasks order by id desc offset {20 * (page - 1) - 1} limit 1')[0][0]
    text = json.dumps(parts, separators=(',', ':')).encode()
    path += '&cursor=' + base64.urlsafe_b64encode(text).decode().rstrip('=')
    assert len(client.get(path).json.get('results', [])) == 20, f'page {page:,}: {client.get(path)}'
    return path


def one_task(live):
    return Load(live, 'one task', 'tasks', LUA + own_task(live, READER))


def own_task(live, user):
    task = f'math.random(0, {live.tasks // USERS - 1}) * {USERS} + {user}'
    return f"function request() return send('GET', '/api/v1/tasks/' .. {task}, {user}) end\n"


def create(live):
    return Load(live, 'create', 'tasks', same('POST', '/api/v1/tasks', CREATOR, TASK))


def one_task_by_jwt(live):
    """The same request with an access token."""
    login = {'username': f'worker{BEARER}', 'password': devstack.PASSWORD}
    access = live.client().post('/api/v1/auth/login', login).json['access']
    return Load(
        live,
        'one task, by JWT',
        'tasks',
        re.sub(r"'Authorization: .*?, user\)", f"'Authorization: Bearer {access}'", LUA) + own_task(live, BEARER),
    )


def loads_of(live):
    first, login = '/api/v1/tasks?page_size=20', {'username': live.login, 'password': devstack.PASSWORD}
    return {load.name: load for load in (
        Load(live, 'nginx alone', None, same('GET', '/limit')),
        Load(live, '/health/live', 'health', same('GET', '/health/live')),
        one_task(live),
        one_task_by_jwt(live),
        Load(live, EMPLOYEE, 'tasks', same('GET', first, READER)),
        Load(live, PAGE_1, 'tasks', same('GET', first, SUPERUSER)),
        Load(live, PAGE_2, 'tasks', same('GET', page_after(live, 2), SUPERUSER)),
        Load(live, PAGE_5000, 'tasks', same('GET', page_after(live, 5000), SUPERUSER)),
        create(live),
        Load(live, 'complete', 'task_status', lambda turn: completing(live.tasks, turn)),
        Load(live, 'login', 'auth_login', same('POST', '/api/v1/auth/login', body=login), 2))}


def files_of(live):
    """Stored files by their signed URLs, and the same files sent by nginx without a request to a handler."""
    loads = {}
    for size, content in (('4 KiB', b'oil ' * 1024), ('10 MiB', b'oil ' * (10 << 18))):
        name = live.store(content)
        url = live.sign(
            f'/media/document/{name}/plan.bin?type=application%2Foctet-stream&expires={int(time.time()) + 86400}'
        )
        for what, handler, path in (
            (f'a file of {size}', 'media', url),
            (f'{size}, nginx alone', None, f'/bare/{name[:2]}/{name}'),
        ):
            loads[what] = Load(live, what, handler, same('GET', path))
    return loads


def measure(stack, small):
    large = prepared_stack(stack, 1_000_000)
    say('Measuring idle memory, first answers and refused logins ...')
    once, few, many = measure_once(small), loads_of(small), loads_of(large)
    del many['nginx alone'], many['login']
    few |= files_of(small)
    key = {user: r'\x' + hashlib.sha256((TOKEN % user).encode()).hexdigest() for user in (READER, CREATOR)}
    own = f'\\set task_id random(0, {small.tasks // USERS - 1}) * {USERS} + {READER}\n'
    bare = {
        'one task': Bare(small, 'one task', own + statement('GET', '/api/v1/tasks/{task_id}'), {'key': key[READER]}),
        'create': Bare(
            small,
            'create',
            statement('POST', '/api/v1/tasks'),
            {'ip': '127.0.0.1', 'key': key[CREATOR], 'body': json.dumps(TASK)},
        ),
        'a task by its primary key': Bare(small, 'by key', own + 'select * from tasks where id = :task_id', {}),
    }
    for turn in range(ROUNDS + 1):
        say(f'Round {turn} of {ROUNDS} ...' if turn else 'Warming up ...')
        for name in few | bare:
            for group in (few, many, bare):
                if name in group:
                    group[name].run(turn, SECONDS if turn else 1)
    return few, many, bare, once


def compare(stack, ours):
    """For each kind of request its pairs of loads: of this build and of the other one, which ran in turns."""
    other = prepared_stack(stack, 100_000, BESIDE)
    loads = [(make(ours), make(other)) for make in (one_task, create)]
    for turn in range(PAIRS + 1):
        say(f'Pair {turn} of {PAIRS} with the other build ...' if turn else 'Warming up ...')
        for pair in loads:
            for load in pair if turn % 2 else reversed(pair):
                load.run(turn, PAIR_SECONDS if turn else 1)
    return loads


def report_comparison(loads):
    say(f'\n{f"this build / the one in {BESIDE}":46}{"ratio":>8}   middle half       this    other')
    for mine, theirs in loads:
        for figure, unit in (('rate', 'req/s'), ('cpu', 'CPU µs'), ('p50', 'p50 ms')):
            ratios = [one[figure] / two[figure] for one, two in zip(mine.rounds, theirs.rounds)]
            low, _, high = quantiles(ratios, n=4)
            say(f'  {f"{mine.name}: {unit}":44}{median(ratios):8.3f}   {low:.3f} to {high:.3f}'
                f'{mine[figure]:11,.2f}{theirs[figure]:9,.2f}')
    for mine, theirs in loads:
        ratio = median(one['rate'] / two['rate'] for one, two in zip(mine.rounds, theirs.rounds))
        verdict(f'{mine.name} / that of the other build', ratio, 0.95, least=True)


def verdict(what, value, limit, least=False, unit=''):
    met = value >= limit if least else value <= limit
    say(f'  {what:58}{value:9.2f}{unit}   {">=" if least else "<="} {limit}{unit}   {"met" if met else "MISSED"}')


def report(few, many, bare, once):
    for title, loads in (('100,000 tasks', few), ('1,000,000 tasks', many)):
        say(f'\n{title:30}{"req/s":>9}{"p50 ms":>9}{"p99 ms":>9}{"CPU µs":>9}{"RSS MiB":>9}{"spread":>9}')
        for name, load in loads.items():
            apart = max(one['rate'] for one in load.rounds) - min(one['rate'] for one in load.rounds)
            rss = f'{load["rss"]:9.1f}' if load.handler else f'{"":9}'
            say(
                f'{name:30}{load["rate"]:9,.0f}{load["p50"]:9.2f}{load["p99"]:9.2f}{load["cpu"]:9.0f}'
                f'{rss}{100 * apart / load["rate"]:7.0f} %'
            )
    say('\nThe statement alone, in pgbench, 100,000 tasks')
    best = {}
    for name, one in bare.items():
        best[name], connections = max((median(rates), connections) for connections, rates in one.rounds.items())
        say(f'{name:30}{best[name]:9,.0f}   with {connections} connections')
    say('')
    verdict('one task / its statement in pgbench', few['one task']['rate'] / best['one task'], 0.35, least=True)
    verdict('/health/live / nginx alone', few['/health/live']['rate'] / few['nginx alone']['rate'], 0.32, least=True)
    say(f'  {"create / its statement in pgbench":58}{few["create"]["rate"] / best["create"]:9.2f}')
    for size, least in (('4 KiB', 0.3), ('10 MiB', 0.95)):
        verdict(
            f'a file of {size} / by nginx alone',
            few[f'a file of {size}']['rate'] / few[f'{size}, nginx alone']['rate'],
            least,
            least=True,
        )
    for name in ('one task', '/health/live'):
        verdict(
            f'{name}: rate at 1,000,000 tasks / at 100,000', many[name]['rate'] / few[name]['rate'], 0.9, least=True
        )
    for title, loads in (('100,000', few), ('1,000,000', many)):
        for page, other in ((1, PAGE_1), (2, PAGE_2)):
            verdict(
                f'at {title}: rate of page 5,000 / page {page}',
                loads[PAGE_5000]['rate'] / loads[other]['rate'],
                0.8,
                least=True,
            )
    memory, first, known, unknown = once
    verdict('exec to first answer with a query', first, 20, unit=' ms')
    verdict(f'idle handler, the largest ({max(memory, key=memory.get)})', max(memory.values()), 12, unit=' MiB')
    verdict('idle handler, median', median(memory.values()), 12, unit=' MiB')
    verdict(
        f'refused login: name known {known:.1f} ms, unknown {unknown:.1f} ms, apart',
        100 * abs(known - unknown) / min(known, unknown),
        10,
        unit=' %',
    )
    say('\nCPU µs per request, against the best of DRF, PHP-FPM, Go gin + pgx, C++ drogon on such a machine')
    for name, most in (('/health/live', 34), ('one task', 136), (EMPLOYEE, 509), ('create', 371), ('complete', 371)):
        verdict(name, few[name]['cpu'], most)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    if ONLY not in ('', 'beside') or ONLY and not BESIDE:
        say(__doc__.split('\n\n')[1])
        return 2
    started = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            small = prepared_stack(stack, 100_000)
            if not ONLY:
                measure_goal(small)
            if not ONLY and not QUICK:
                report(*measure(stack, small))
            if BESIDE and not QUICK:
                report_comparison(compare(stack, small))
    except (AssertionError, LookupError, RuntimeError, OSError, subprocess.SubprocessError) as fault:
        say(f'could not be measured: {fault}')
        return 1
    say(f'\ntook {time.monotonic() - started:.0f} s')


sys.exit(main())
