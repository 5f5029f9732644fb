"""Measures whether lists take longer when the tables grow: every list, filter, order and search.

usage: python3 tests/bench_lists.py BUILD

One dev stack has 10,000 tasks and 2,000 maintenance records, the other 1,000,000 and 200,000. Both have the same 10,000
people and 2,000 items, but in the large one a hundred times as many of them have work, so one person and one item have
the same number of tasks in both. Every round requests each list once from each dev stack, one request at a time, and a
figure is the median of its rounds. Matches are counted up to 10,000. A list with more matches in the large dev stack is
not comparable: it is printed with its counts, and not judged.
At the end a superuser requests all tasks as CSV, while the memory of the handler is measured.
Exit status 0 whatever the figures are, 1 if something could not be measured.
"""
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from statistics import median

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import devstack  # noqa: E402

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build')
SMALL, LARGE, ROUNDS = 10_000, 1_000_000, 15
USERS, FIRST, ITEMS, TOKEN = 10_000, 1000, 2000, 'fettle-measures-its-lists-%016d'
EMPLOYEE, SUPERUSER = 1, USERS

# a fifth of the tasks are complete work orders with their record, a twentieth are open orders. Values that must be
# independent of each other are derived from n: dice(n, of, salt).
SEED = f"""
set session_replication_role = replica;  -- no triggers
create function pg_temp.dice(n bigint, sides integer, salt integer) returns integer language sql
    as $$ select (hashint8(n * 31 + salt)::bigint + 2147483648)::bigint % sides $$;
insert into users (id, username, email, first_name, is_superuser) overriding system value
select {FIRST} + n, 'worker' || n, 'worker' || n || '@example.org', 'Ann' || n, n = {SUPERUSER}
  from generate_series(1, {USERS}) n;
insert into profiles (id) select id from users on conflict do nothing;
insert into user_roles (user_id, role_id)
select u.id, r.id from users u, roles r where r.name = 'employee' on conflict do nothing;
insert into sessions (user_id, key, expires_at)
select id, sha256(convert_to('{TOKEN.split('%')[0]}' || lpad((id - {FIRST})::text, 16, '0'), 'UTF8')),
       now() + interval '7 days'
  from users where id > {FIRST};
insert into equipment (id, name, serial_number, category, manufacturer, model, location, status, acquired_on,
                       service_life_months, service_life_hours, usage_hours, usage_read_at, maintenance_count,
                       maintenance_hours, maintenance_cost) overriding system value
select i, 'Lathe ' || i, 'SN-' || i, (array['Lathe', 'Crane', 'Press'])[1 + i % 3], 'Maker ' || i % 10,
       'Model ' || i % 50, 'Hall ' || i % 7,
       case when i % 20 = 0 then 'Retired' when i % 9 = 0 then 'Under Maintenance' else 'Operational' end,
       date '2015-01-01' + i % 3000, 120, 20000, 400, now(), 20, 40, 2000
  from generate_series(1, {ITEMS}) i;
insert into tasks (id, title, description, due_date, priority_level, status, completed_at, author, "user", equipment,
                   created_at) overriding system value
select i, 'Task ' || i || ': oil the lathe', 'Before the early shift, from shelf ' || pg_temp.dice(i, 90, 1) || '.',
       case when pg_temp.dice(i, 3, 2) > 0 then date '2030-01-01' + pg_temp.dice(i, 700, 3) end,
       (array['Low', 'Medium', 'High', 'Critical'])[1 + pg_temp.dice(i, 4, 4)],
       case when i % 5 = 0 or i % 20 <> 1 and pg_temp.dice(i, 2, 5) = 0 then 'Complete'
            when pg_temp.dice(i, 7, 6) = 0 then 'In Progress' else 'Pending' end,
       case when i % 5 = 0 or i % 20 <> 1 and pg_temp.dice(i, 2, 5) = 0
            then now() - pg_temp.dice(i, 1000, 7) * interval '1 hour' end,
       {FIRST} + 1 + pg_temp.dice(i, :tasks / 100, 8), {FIRST} + 1 + pg_temp.dice(i, :tasks / 100, 9),
       case when i % 5 = 0 or i % 20 = 1 then 1 + pg_temp.dice(i, :tasks / 500, 10) end,
       now() - i % 2000 * interval '1 hour'
  from generate_series(1, :tasks) i;
insert into maintenance (id, task, equipment, technician, performed_at, description, findings, hours_spent, cost)
       overriding system value
select id / 5, id, equipment, "user", completed_at, 'Oiled and adjusted, record ' || id || '.', 'Wear on the bed.',
       2, 100
  from tasks where status = 'Complete' and equipment is not null;
insert into readings (equipment, hours, read_at, technician)
select e.id, 20 * n, now() - (20 - n) * interval '10 days', {FIRST} + 1 from equipment e, generate_series(1, 20) n;
insert into schedules (equipment, title, every_days, next_due_on, author)
select e.id, 'Inspect lathe ' || e.id, 90, current_date + (e.id % 90)::int, {FIRST} + 1 from equipment e;
insert into audit (at, user_id, operation, table_name, row_id, new)
select created_at, author, 'insert', 'tasks', id, '{{}}' from tasks where id % 4 = 0;
select setval(pg_get_serial_sequence(name, 'id'), 10000000)
  from unnest(array['tasks', 'equipment', 'maintenance', 'users']) name;
set session_replication_role = origin;
vacuum analyze;
checkpoint;
"""

TASKS = (
    '', 'title=lathe', 'title=nowhere', 'search=oil the', 'search=shelf 17', 'search=task {some}', 'search=nowhere',
    'status=Pending', 'status=Incomplete', 'status=Cancelled', 'status__in=Pending,In Progress', 'priority_level=High',
    'status=Pending&priority_level=Critical', 'due_date=2030-05-05', 'due_date__gte=2031-11-01',
    'due_date__lte=2030-01-10', 'due_date__isnull=true', 'user={user}', 'author={user}', 'user__in={user},1007',
    'equipment={item}', 'equipment__isnull=false', 'ordering=due_date', 'ordering=-due_date', 'ordering=title',
    'ordering=-title', 'status=Pending&ordering=due_date')
EQUIPMENT = (
    '', 'name=lathe', 'serial_number=SN-1', 'search=nowhere', 'search=hall 3', 'category=Crane', 'location=Hall 3',
    'manufacturer=Maker 3', 'model=Model 7', 'status=Retired', 'ordering=name')
MAINTENANCE = (
    '', 'task={order}', 'equipment={item}', 'technician={user}', 'performed_at__gte={yesterday}',
    'performed_at__lte={long_ago}', 'search=oiled', 'search=record {order}', 'search=nowhere', 'ordering=performed_at',
    'ordering=-performed_at')
SCHEDULES = ('', 'equipment={item}', 'title=lathe', 'search=nowhere', 'ordering=next_due_on', 'is_active=true')
LISTS = [(path, query) for path, queries in (
    ('tasks', TASKS), ('tasks/completed', ('', 'search=nowhere', 'title=lathe')), ('equipment', EQUIPMENT),
    ('maintenance', MAINTENANCE), ('equipment/{item}/readings', ('',)), ('equipment/{item}/life', ('',)),
    ('equipment/{item}', ('',)), ('tasks/{order}/history', ('',)), ('tasks/{order}', ('',)),
    ('users', ('', 'search=worker', 'search=nowhere', 'username=worker99'))) for query in queries]
MANAGERS = [(path, query) for path, queries in (
    ('schedules', SCHEDULES), ('audit', ('', 'user_id={user}', 'row_id={order}', 'table_name=tasks',
                                         'at__gte={yesterday}'))) for query in queries]


def say(text):
    print(text, flush=True)


def prepared_stack(stack, tasks):
    say(f'Starting a dev stack with {tasks:,} tasks ...')
    live = devstack.DevStack(BUILD, FETTLE_WORKERS='4', FETTLE_SESSIONS='many', POSTGRES_OPTIONS='-c autovacuum=off')
    stack.callback(lambda: live.stop() if hasattr(live, 'process') else None)
    live.start()
    live.user('login')
    live.psql(SEED.replace(':tasks', str(tasks)))
    (order, item), = live.psql("select id, equipment from tasks where equipment is not null and status = 'Complete' "
                               'order by id desc offset 500 limit 1')
    (yesterday, long_ago), = live.psql("""select to_char(now() - interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                                                 to_char(now() - interval '999 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""")
    live.values = {'order': order, 'item': item, 'user': FIRST + 5, 'some': tasks // 2 + 1, 'yesterday': yesterday,
                   'long_ago': long_ago}
    return live


def paths(live):
    """The requests to measure: (user, path without values, path)."""
    for who, lists in ((EMPLOYEE, LISTS), (SUPERUSER, LISTS + MANAGERS)):
        for path, query in lists:
            name = path + ('?' + query if query else '')
            yield who, name, '/api/v1/' + name.format(**live.values).replace(' ', '%20')


def counted(count):
    return 'more than 10,000' if count is None else f'{count:,}'


def rss_of(live, handler):
    with open(f'/proc/{live.pids(handler)[0]}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20


def measure_csv(live):
    """Seconds, bytes, and the memory in MiB before, at most, and after."""
    seen, done = [rss_of(live, 'tasks')], threading.Event()

    def watch():
        while not done.wait(0.02):
            seen.append(rss_of(live, 'tasks'))
    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    answer = live.client(TOKEN % SUPERUSER).request('GET', '/api/v1/tasks', headers={'Accept': 'text/csv'})
    took = time.monotonic() - started
    done.set()
    watcher.join()
    assert answer.status == 200, answer
    rows = answer.body.count(b'\r\n') - 1
    assert rows == live.tasks, f'{rows} rows'
    return took, len(answer.body), seen[0], max(seen), rss_of(live, 'tasks')


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    started = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            stacks = []
            for tasks in (SMALL, LARGE):
                live = prepared_stack(stack, tasks)
                live.tasks = tasks
                stacks.append(live)
            times, finds = {}, {}
            for turn in range(ROUNDS + 2):
                for live in stacks:
                    clients = {who: live.client(TOKEN % who) for who in (EMPLOYEE, SUPERUSER)}
                    for who, name, path in paths(live):
                        begun = time.perf_counter()
                        answer = clients[who].get(path)
                        took = 1000 * (time.perf_counter() - begun)
                        if turn > 1:
                            times.setdefault((who, name), {}).setdefault(live.tasks, []).append(took)
                        finds[who, name, live.tasks] = answer.json.get('count', 1) if answer.status == 200 else None
                        # rows that were just written may have to be read from the disk in the first rounds
                        assert answer.status == 200 or turn < 2, f'{path}: {answer}'
            say(f'\n{"ms, one request at a time":60}{f"{SMALL:,}":>10}{f"{LARGE:,}":>11}{"ratio":>8}   at most 2')
            missed = other = 0
            for (who, name), figures in times.items():
                few, many = median(figures[SMALL]), median(figures[LARGE])
                # differences of less than a millisecond are noise on this clock
                met = many <= 2 * few or many - few < 1
                found, of = (finds[who, name, live.tasks] for live in stacks)
                same = found == of or None not in (found, of) and of < 2 * found
                missed += not met and same
                other += not met and not same
                says = 'met' if met else 'MISSED' if same else f'finds {counted(found)}, then {counted(of)}'
                label = ('superuser ' if who == SUPERUSER else 'employee  ') + name
                say(f'{label:60}{few:10.2f}{many:11.2f}{many / few:8.2f}   {says}')
            say(f'{missed} of {len(times)} missed; '
                f'{other} took more than twice as long and found more than twice as much')
            for live in stacks:
                took, size, before, most, after = measure_csv(live)
                say(f'{live.tasks:,} tasks as CSV: {took:.1f} s, {size / 2**20:.0f} MiB; memory of the handler '
                    f'{before:.1f} MiB before, {most:.1f} at most, {after:.1f} after')
    except (AssertionError, LookupError, RuntimeError, OSError, subprocess.SubprocessError) as fault:
        say(f'could not be measured: {fault}')
        return 1
    say(f'took {time.monotonic() - started:.0f} s')


sys.exit(main())
