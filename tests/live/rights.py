"""The rights of sessions after each change and in races; the trail of every table; the steps after a migration."""
import os
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

import command
import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

# What the tables say about each live session, compared with what a request reads.
DIFFERENT = """
select s.id, u.username, u.is_active, s.is_superuser, s.permissions, said.is_superuser, said.permissions
  from sessions s
  left join users u on u.id = s.user_id
 cross join lateral (
    select u.is_superuser and s.codes is null as is_superuser,
           array(select p.code from permissions p
                  where (u.is_superuser or exists (select from user_roles ur join role_permissions rp using (role_id)
                                                    where ur.user_id = u.id and rp.code = p.code))
                    and (s.codes is null or p.code = any (s.codes)) order by p.code) as permissions) said
 where s.ended_as is null
   and ((s.is_superuser, s.permissions) is distinct from (said.is_superuser, said.permissions)
        or u.is_active is distinct from true);
"""
# A permission that no built-in role of employees has, and a request that needs it.
NEEDS = {'audit.view': '/api/v1/audit?page_size=1', 'reports.view_all': '/api/v1/statistics/tasks',
         'roles.assign': '/api/v1/users/1/roles', 'roles.view': '/api/v1/roles?page_size=1',
         'schedules.edit': '/api/v1/schedules?page_size=1'}
ALL = set(NEEDS)
REPLICA = 'set session_replication_role = replica; '


def psql_on(stack, sql):
    """Runs SQL; returns the errors of PostgreSQL as text, empty if there were none."""
    return subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', stack.run, '-U', 'postgres', 'fettle'],
                          input=sql, capture_output=True, text=True).stderr


class Held:
    """A session of psql that stays open, with its transaction."""

    def __init__(self, stack, user='postgres'):
        self.process = subprocess.Popen(['psql', '-XqAt', '-h', stack.run, '-U', user, 'fettle'], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self, sql):
        """Sends SQL and does not wait for it."""
        self.process.stdin.write(sql + ';\n\\echo == done\n')
        self.process.stdin.flush()

    def end(self):
        """Waits for what was sent; its output."""
        said = ''
        while (line := self.process.stdout.readline()) != '== done\n':
            if not line:
                raise RuntimeError(said)
            said += line
        return said

    def run(self, sql):
        self.start(sql)
        return self.end()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def together(*acts):
    """Runs functions at the same time; their results in order."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(i, act):
        gate.wait(30)
        try:
            results[i] = act()
        except Exception as fault:
            results[i] = fault
    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


class Case(unittest.TestCase):
    def agree(self, stack, what=''):
        self.assertEqual(stack.psql(DIFFERENT), [], what)

    def held(self, stack, *args):
        held = Held(stack, *args)
        self.addCleanup(held.close)
        return held

    def role(self, stack, *codes):
        """A new role with these permissions: its id and its name."""
        self.__class__.count = getattr(self.__class__, 'count', 0) + 1
        name = f'{type(self).__name__.lower()} {self.count}'
        (role,), = stack.psql(f"insert into roles (name) values ('{name}') returning id")
        if codes:
            stack.psql(f"insert into role_permissions select {role}, unnest('{{{','.join(codes)}}}'::text[])")
        return role, name


class Changes(Case):
    """One change after the other; the next request has the new rights."""

    def may(self, *callers):
        """The rights of each caller, from the answers to requests."""
        found = []
        for caller in callers:
            statuses = {code: caller.get(path).status for code, path in NEEDS.items()}
            self.assertLessEqual(set(statuses.values()), {200, 403}, statuses)
            found.append({code for code, status in statuses.items() if status == 200})
        return found

    def check(self, callers, *expected, what):
        self.agree(STACK, what)
        self.assertEqual(self.may(*callers), list(expected), what)

    def token(self, user, *codes):
        body = {'name': 'script', **({'permissions': codes} if codes else {})}
        answer = user.post('/api/v1/auth/tokens', body)
        self.assertEqual(answer.status, 201, answer)
        return STACK.client(answer.json['token'])

    def test_by_psql(self):
        self.by_psql('')

    def test_by_psql_with_triggers_disabled(self):
        self.by_psql(REPLICA)

    def by_psql(self, mode):
        user, other = STACK.user(), STACK.user()
        (role, _), (second, _) = self.role(STACK), self.role(STACK, 'audit.view')

        def step(sql, *expected, callers=(user, other)):
            STACK.psql(mode + sql)
            self.check(callers, *expected, what=mode + sql)
        step(f'insert into user_roles values ({user.id}, {role}), ({other.id}, {role})', set(), set())
        step(f"insert into role_permissions values ({role}, 'roles.view'), ({role}, 'schedules.edit')",
             {'roles.view', 'schedules.edit'}, {'roles.view', 'schedules.edit'})
        step(f"delete from role_permissions where role_id = {role} and code = 'schedules.edit'",
             {'roles.view'}, {'roles.view'})
        step(f"update role_permissions set code = 'roles.assign' where role_id = {role}",
             {'roles.assign'}, {'roles.assign'})
        step(f'update role_permissions set role_id = {second} where role_id = {role}', set(), set())
        step(f'update user_roles set role_id = {second} where (user_id, role_id) = ({user.id}, {role})',
             {'audit.view', 'roles.assign'}, set())
        step(f'update user_roles set user_id = {other.id} where (user_id, role_id) = ({user.id}, {second})',
             set(), {'audit.view', 'roles.assign'})
        step(f'insert into user_roles values ({user.id}, {second}) on conflict do nothing',
             {'audit.view', 'roles.assign'}, {'audit.view', 'roles.assign'})
        step(f'delete from user_roles where role_id in ({role}, {second}) and user_id = {user.id}',
             set(), {'audit.view', 'roles.assign'})
        step(f'delete from user_roles where role_id = {second}; delete from role_permissions where role_id = {second}; '
             f'delete from roles where id = {second}', set(), set())
        # superusers
        step(f'update users set is_superuser = true where id = {user.id}', ALL, set())
        step(f'update users set is_superuser = not is_superuser where id in ({user.id}, {other.id})', set(), ALL)
        step(f'update users set is_superuser = false where id = {other.id}', set(), set())
        # tokens: no more than their codes, and no more than the account
        third, _ = self.role(STACK, 'roles.view', 'audit.view')
        STACK.psql(f'insert into user_roles values ({user.id}, {third})')
        all_of, one, none = self.token(user), self.token(user, 'roles.view'), self.token(user, 'audit.view')
        four = (user, all_of, one, none)
        both = {'roles.view', 'audit.view'}
        step(f"insert into role_permissions values ({third}, 'roles.assign')",
             both | {'roles.assign'}, both | {'roles.assign'}, {'roles.view'}, {'audit.view'}, callers=four)
        step(f"delete from role_permissions where role_id = {third} and code <> 'roles.view'",
             {'roles.view'}, {'roles.view'}, {'roles.view'}, set(), callers=four)
        step(f'update users set is_superuser = true where id = {user.id}',
             ALL, ALL, {'roles.view'}, {'audit.view'}, callers=four)
        step(f'update users set is_superuser = false where id = {user.id}',
             {'roles.view'}, {'roles.view'}, {'roles.view'}, set(), callers=four)
        step(f"update sessions set codes = '{{roles.view,audit.view}}' where user_id = {user.id} and codes is not null",
             {'roles.view'}, {'roles.view'}, {'roles.view'}, {'roles.view'}, callers=four)
        # the table permissions, of which a superuser has all
        sup = STACK.user(superuser=True)
        STACK.psql("create table kept as select * from role_permissions where code = 'roles.view'")
        step("delete from permissions where code = 'roles.view'", set(), set(), set(), set(), ALL - {'roles.view'},
             callers=(*four, sup))
        STACK.psql(mode + "insert into permissions (code, description) values ('roles.view', 'See roles.')")
        self.agree(STACK)
        self.assertEqual(self.may(sup), [ALL])
        STACK.psql('insert into role_permissions select * from kept on conflict do nothing; drop table kept')
        self.check((*four, sup), {'roles.view'}, {'roles.view'}, {'roles.view'}, {'roles.view'}, ALL, what='again')
        # deactivated accounts: their sessions and tokens end for ever
        STACK.psql(mode + f'update users set is_active = false where id = {user.id}')
        self.agree(STACK)
        for caller in four:
            answer = caller.get('/api/v1/me')
            self.assertEqual((answer.status, answer.json['code']), (401, 'account_inactive'), answer)
        STACK.psql(mode + f"insert into sessions (user_id, key, expires_at) values ({user.id}, sha256('{mode}new'), "
                   "now() + interval '1 hour')")
        self.agree(STACK)
        # no statement makes an ended session of such an account live again
        STACK.psql(mode + f'update sessions set ended_at = null, ended_as = null where user_id = {user.id}')
        self.agree(STACK)
        STACK.psql(mode + f'update users set is_active = true where id = {user.id}')
        self.agree(STACK)
        for caller in four:
            answer = caller.get('/api/v1/me')
            self.assertEqual((answer.status, answer.json['code']), (401, 'session_ended'), answer)
        user.token = STACK.client().post('/api/v1/auth/login', {'username': user.username,
                                                                'password': devstack.PASSWORD}).json['token']
        self.check((user,), {'roles.view'}, what='the account is active again')
        # a session that is made live again has the rights of now
        STACK.psql(f"update sessions set ended_at = now(), ended_as = 'session_ended' where user_id = {user.id}; "
                   f'delete from user_roles where user_id = {user.id};' + mode +
                   f'update sessions set ended_at = null, ended_as = null where user_id = {user.id}')
        self.check((user,), set(), what='a session that had ended')
        STACK.psql(f'update users set is_superuser = false where id = {sup.id}')

    def test_truncate_and_reordered_loads(self):
        user = STACK.user(role='manager')
        for mode in ('', REPLICA):
            for tables in ('user_roles', 'role_permissions', 'permissions, role_permissions',
                           'user_roles, roles cascade'):
                sql = f'{mode}begin; truncate {tables}; {DIFFERENT} rollback;'
                self.assertEqual(STACK.psql(sql), [], tables)
        # a program that loads sessions before the tables of rights
        made = STACK.psql(f"""
            set client_min_messages = warning;
            begin;
            create temp table u as select * from users; create temp table s as select * from sessions;
            create temp table r as select * from user_roles; create temp table rp as select * from role_permissions;
            create temp table p as select * from permissions;
            set local session_replication_role = replica;
            delete from user_roles; delete from role_permissions; delete from permissions; delete from sessions;
            delete from users;
            insert into sessions overriding system value select * from s;
            insert into permissions overriding system value select * from p;
            insert into role_permissions select * from rp;
            insert into user_roles select * from r;
            insert into users overriding system value select * from u;
            {DIFFERENT}
            select count(*) from sessions where ended_as is null and user_id = {user.id};
            rollback""")
        self.assertEqual(made, [['1']])

    def test_by_the_api(self):
        root = STACK.root
        user, (role, name), (_, named) = STACK.user(), self.role(STACK), self.role(STACK, 'schedules.edit')
        path, roles = f'/api/v1/users/{user.id}', f'/api/v1/roles/{role}'
        callers = [user]

        def step(method, where, body, *expected):
            answer = root.request(method, where, body)
            self.assertIn(answer.status, (200, 204), answer)
            self.check(callers, *expected, what=f'{method} {where} {body}')
        step('PUT', path + '/roles', {'roles': ['employee', name]}, set())
        step('PATCH', roles, {'permissions': ['audit.view', 'roles.view']}, {'audit.view', 'roles.view'})
        callers += [self.token(user, 'audit.view'), self.token(user)]
        step('PATCH', roles, {'permissions': ['roles.view']}, {'roles.view'}, set(), {'roles.view'})
        step('PUT', roles, {'name': name, 'description': '', 'permissions': ['roles.view', 'audit.view']},
             {'roles.view', 'audit.view'}, {'audit.view'}, {'roles.view', 'audit.view'})
        step('PATCH', path, {'roles': [named]}, {'schedules.edit'}, set(), {'schedules.edit'})
        step('PATCH', path, {'is_superuser': True}, ALL, {'audit.view'}, ALL)
        step('PATCH', path, {'is_superuser': False, 'roles': [name]},
             {'roles.view', 'audit.view'}, {'audit.view'}, {'roles.view', 'audit.view'})
        step('PUT', path + '/roles', {'roles': []}, set(), set(), set())
        step('DELETE', roles, None, set(), set(), set())
        step('PUT', path + '/roles', {'roles': [named]}, {'schedules.edit'}, set(), {'schedules.edit'})
        for method, body in (('PATCH', {'is_active': False}), ('DELETE', None)):
            self.assertIn(root.request(method, path, body).status, (200, 204))
            self.agree(STACK)
            for caller in callers:
                self.assertEqual(caller.get('/api/v1/me').status, 401)
            self.assertEqual(root.patch(path, {'is_active': True}).status, 200)
            self.agree(STACK)
            for caller in callers:
                self.assertEqual(caller.get('/api/v1/me').status, 401)
            user.token = STACK.client().post('/api/v1/auth/login', {'username': user.username,
                                                                    'password': devstack.PASSWORD}).json['token']
            self.check([user], {'schedules.edit'}, what='active again')
            callers = [user]
        answer = root.post('/api/v1/roles', {'name': 'rights made', 'permissions': ['roles.view']})
        self.assertEqual(answer.status, 201, answer)
        step('PUT', path + '/roles', {'roles': ['rights made']}, {'roles.view'})


class Races(Case):
    """Changes at the same time, on a dev stack of their own. Afterwards the tables agree, and no deadlock was found."""

    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_SESSIONS='many', FETTLE_WORKERS='8').start()
        cls.addClassCleanup(cls.on.stop)
        cls.root = cls.on.user('root', superuser=True)
        cls.rounds = 5 if SANITIZER else 15

    def tearDown(self):
        self.agree(self.on)
        self.assertEqual(re.findall('.*(?:deadlock|collision|could not serialize).*', self.on.logs()), [])

    def sql(self, sql):
        return lambda: psql_on(self.on, sql)

    def send(self, method, path, body=None, token=None):
        def act():
            client = self.on.client(token or self.root.token)
            answer = client.request(method, path, body)
            client.close()
            return answer
        return act

    def login(self, user):
        return self.send('POST', '/api/v1/auth/login', {'username': user.username, 'password': devstack.PASSWORD})

    def done(self, results, *statuses):
        for result in results:
            if isinstance(result, str):
                self.assertEqual(result, '', results)
            else:
                self.assertIsInstance(result, devstack.Answer, results)
                if result.status != 503:  # a busy machine has no time to check a password
                    self.assertIn(result.status, statuses, results)
        self.agree(self.on, results)

    def test_a_login_and_a_change_of_roles(self):
        user = self.on.user()
        role, name = self.role(self.on, 'audit.view', 'roles.view')
        for turn in range(self.rounds):
            body = {'roles': [['employee', name], ['employee']][turn % 2]}
            self.done(together(self.login(user), self.send('PUT', f'/api/v1/users/{user.id}/roles', body),
                               self.login(user),
                               self.sql(f'update users set is_superuser = not is_superuser where id = {user.id}')),
                      200)
        self.on.psql(f'update users set is_superuser = false where id = {user.id}')

    def test_two_changes_of_the_roles_of_a_user(self):
        user = self.on.user()
        names = [self.role(self.on, code) for code in NEEDS]
        for turn in range(2 * self.rounds):
            (_, a), (_, b), (c, _), (d, _) = (names[(turn + i) % 5] for i in range(4))
            self.done(together(
                self.send('PUT', f'/api/v1/users/{user.id}/roles', {'roles': [a, b]}),
                self.send('PATCH', f'/api/v1/users/{user.id}', {'roles': [b]}),
                self.sql(f'insert into user_roles values ({user.id}, {c}) on conflict do nothing'),
                self.sql(f'delete from user_roles where user_id = {user.id} and role_id in ({d}, {c})')), 200)

    def test_a_role_is_given_while_its_permissions_change(self):
        users = [self.on.user() for _ in range(3)]
        for turn in range(2 * self.rounds):
            role, name = self.role(self.on, 'audit.view')
            self.on.psql(f'insert into user_roles values ({users[0].id}, {role})')
            self.done(together(
                self.sql(f"insert into role_permissions values ({role}, 'roles.view') on conflict do nothing"),
                self.sql(f"insert into role_permissions values ({role}, 'roles.assign') on conflict do nothing"),
                self.sql(f"delete from role_permissions where role_id = {role} and code = 'audit.view'"),
                self.sql(f'insert into user_roles values ({users[1].id}, {role})'),
                self.send('PATCH', f'/api/v1/roles/{role}', {'permissions': ['roles.view', 'schedules.edit']}),
                self.send('PUT', f'/api/v1/users/{users[2].id}/roles', {'roles': [name]})), 200)

    def test_two_transactions_that_add_to_one_role(self):
        """The second waits for the first, and sees what it added."""
        role, _ = self.role(self.on)
        user = self.on.user()
        self.on.psql(f'insert into user_roles values ({user.id}, {role})')
        for turn in range(3):
            first, second = self.held(self.on), self.held(self.on)
            codes = list(NEEDS)[:2]
            first.run(f"begin; insert into role_permissions values ({role}, '{codes[0]}')")
            second.run('begin')
            second.start(f"insert into role_permissions values ({role}, '{codes[1]}')")
            self.assertEqual(first.run('commit'), '')
            self.assertEqual(second.end(), '')
            self.assertEqual(second.run('commit'), '')
            self.agree(self.on)
            self.on.psql(f'delete from role_permissions where role_id = {role}')
        self.agree(self.on)

    def test_permissions_change_while_a_user_becomes_superuser(self):
        user = self.on.user()
        for sql, back in (("delete from permissions where code = 'extra.right'", None),
                          ("insert into permissions (code, description) values ('extra.right', 'x')", 1)):
            self.on.psql("delete from permissions where code = 'extra.right'")
            if not back:
                self.on.psql("insert into permissions (code, description) values ('extra.right', 'x')")
            deploys, changes = self.held(self.on), self.held(self.on)
            deploys.run('begin; ' + sql)
            changes.start(f'update users set is_superuser = true where id = {user.id}')
            deploys.run('commit')
            self.assertEqual(changes.end(), '')
            self.agree(self.on, sql)
            self.on.psql(f'update users set is_superuser = false where id = {user.id}')
        self.on.psql("delete from permissions where code = 'extra.right'")

    def test_a_transaction_that_does_not_see_what_it_waited_for_is_refused(self):
        """The snapshot of a repeatable read can be older than the change whose lock it waits for."""
        user, (role, _), (other, _) = self.on.user(), self.role(self.on, 'audit.view'), self.role(self.on, 'roles.view')
        self.on.psql(f'insert into user_roles values ({user.id}, {other}); '
                     f'delete from sessions where user_id = {user.id}')
        for sql in (f"insert into sessions (user_id, key) values ({user.id}, sha256('late'))",
                    f'insert into user_roles values ({user.id}, {role})'):
            late = self.held(self.on)
            late.run('begin isolation level repeatable read; select count(*) from user_roles')
            self.on.psql(f'delete from user_roles where user_id = {user.id} and role_id = {other}')
            said = late.run(sql)
            late.run('commit')
            self.agree(self.on)
            self.assertIn('read committed, not repeatable read', said)

    def test_a_login_and_a_deactivation(self):
        user = self.on.user()
        path = f'/api/v1/users/{user.id}'
        for turn in range(self.rounds):
            token = self.login(user)().json['token']
            stop = [self.send('PATCH', path, {'is_active': False}), self.send('DELETE', path),
                    self.sql(f'update users set is_active = false where id = {user.id}')][turn % 3]
            results = together(
                self.login(user), stop, self.login(user),
                self.send('POST', '/api/v1/auth/tokens', {'name': 'script'}, token),
                self.sql(f"insert into sessions (user_id, key, expires_at) values ({user.id}, sha256('{turn} raced'), "
                         "now() + interval '1 hour')"))
            self.done(results, 200, 201, 204, 401)
            self.assertEqual(self.on.psql(f'select count(*) from sessions where user_id = {user.id} '
                                          'and ended_as is null'), [['0']], results)
            for result in results:
                if isinstance(result, devstack.Answer) and result.status in (200, 201) and 'token' in result.json:
                    self.assertEqual(self.on.client(result.json['token']).get('/api/v1/me').status, 401)
            self.on.psql(f'update users set is_active = true where id = {user.id}')

    def test_a_token_and_a_change_of_roles(self):
        user = self.on.user()
        role, name = self.role(self.on, 'audit.view', 'roles.view')
        for turn in range(2 * self.rounds):
            body = {'roles': [[name], ['employee']][turn % 2]}
            self.done(together(
                self.send('POST', '/api/v1/auth/tokens', {'name': 'all'}, user.token),
                self.send('POST', '/api/v1/auth/tokens', {'name': 'one', 'permissions': ['audit.view']}, user.token),
                self.send('PUT', f'/api/v1/users/{user.id}/roles', body),
                self.send('PATCH', f'/api/v1/roles/{role}',
                          {'permissions': [['audit.view'], ['audit.view', 'roles.view']][turn % 2]}),
                self.sql(f'update users set is_superuser = not is_superuser where id = {user.id}')), 200, 201, 403)
        self.on.psql(f'update users set is_superuser = false where id = {user.id}')

    def test_changes_of_many_users_and_roles_in_both_directions(self):
        users, roles = [self.on.user() for _ in range(4)], [self.role(self.on, code)[0] for code in list(NEEDS)[:4]]
        ids, numbers = [str(user.id) for user in users], [int(role) for role in roles]

        def pairs(chosen):
            return (f"select u, r from unnest('{{{','.join(ids)}}}'::bigint[]) u, "
                    f"unnest('{{{','.join(chosen)}}}'::bigint[]) r")
        for _ in range(2 * self.rounds):
            self.done(together(
                self.sql(f'insert into user_roles {pairs(roles[:2])} order by u, r'),
                self.sql(f'insert into user_roles {pairs(roles[2:])} order by u desc, r desc'),
                self.send('PATCH', f'/api/v1/roles/{roles[0]}', {'permissions': ['audit.view']}),
                self.send('PATCH', f'/api/v1/roles/{roles[1]}', {'permissions': ['roles.view']})), 200)
            self.done(together(
                self.sql(f"insert into role_permissions select r, 'tasks.assign' from unnest(array{numbers}) r "
                         'order by r on conflict do nothing'),
                self.sql(f"insert into role_permissions select r, 'tasks.view_all' from unnest(array{numbers}) r "
                         'order by r desc on conflict do nothing'),
                self.sql(f'delete from user_roles where user_id in ({ids[0]}, {ids[1]}) and role_id <> {roles[0]}')))
            self.done(together(
                self.sql(f"delete from role_permissions where role_id = any (array{numbers}) and code ~ 'tasks'"),
                self.sql(f'delete from user_roles where role_id = any (array{numbers})')))


# -- the trail

# Each audited table: the column that row_id has, and the columns that are never in the trail.
AUDITED = {
    'users': ('id', 'version updated_at last_login'), 'profiles': ('id', 'version updated_at'),
    'credentials': ('user_id', 'password_hash'), 'roles': ('id', 'version updated_at'),
    'role_permissions': ('role_id', ''), 'user_roles': ('user_id', ''),
    'sessions': ('id', 'key refresh_family refresh_key last_used_at expires_at version permissions is_superuser'),
    'equipment': ('id', 'version updated_at usage_hours usage_read_at maintenance_count maintenance_hours '
                  'maintenance_cost'),
    'readings': ('id', ''), 'schedules': ('id', 'version updated_at'), 'maintenance': ('id', 'version updated_at'),
    'tasks': ('id', 'version updated_at'), 'messages': ('id', 'subject body'), 'message_copies': ('message', 'version'),
    'reports': ('id', 'version updated_at'), 'documents': ('id', 'version updated_at')}
# The text of a message cannot be changed, and its trail would have to name it.
NO_UPDATES = {'messages'}
# Deliberately without: the trail itself, what is counted or kept from other tables, and what only programs write.
WITHOUT = {'audit', 'audit_seals', 'audit_sealing', 'idempotency_keys', 'login_failures', 'migrations', 'permissions',
           'storage_used',
           # copies of words that the trail has with their rows
           'documents_texts', 'equipment_texts', 'maintenance_texts', 'messages_texts', 'reports_texts',
           'schedules_texts', 'tasks_texts', 'users_texts'}

# Writes one row of the table, updates each of its columns alone to another value and to null, deletes it, and collects
# every difference from what to_jsonb() says. Triggers other than `audit` and all constraints are gone in this
# transaction, so that any value is possible.
WRITES = r"""
create function pg_temp.literal(kind text, n int) returns text language sql as $$
    select case when kind in ('bigint', 'integer') then (1000000 + n)::text when kind ~ '^numeric' then (100 + n)::text
                when kind = 'text' then 'text ' || n when kind = 'boolean' then (n % 2 = 1)::text
                when kind = 'timestamp with time zone' then (timestamptz '2031-01-01Z' + n * interval '1 day')::text
                when kind = 'date' then (date '2031-01-01' + n)::text when kind = 'jsonb' then format('{"n": %s}', n)
                when kind = 'text[]' then format('{"n %s",x}', n) when kind = 'bytea' then '\x0' || n end
$$;
create temp table fault (said text);
create function pg_temp.compare(what text, table_name text, id text, before jsonb, after jsonb, hidden text[],
                                mark bigint) returns void language plpgsql as $$
declare
    old jsonb := before - hidden;
    new jsonb := after - hidden;
    expected jsonb;
    found jsonb := (select jsonb_agg(jsonb_build_array(a.table_name, a.row_id, a.operation, a.old, a.new, a.ip))
                      from audit a where a.id > mark);
begin
    if old is not null and new is not null then
        select jsonb_object_agg(key, value) into old from jsonb_each(before - hidden)
         where value is distinct from new -> key;
        select jsonb_object_agg(key, value) into new from jsonb_each(after - hidden)
         where value is distinct from before -> key;
    end if;
    if what not like '%update%' or old is not null then
        expected := jsonb_build_array(jsonb_build_array(table_name, coalesce(after, before) -> id,
            split_part(what, ' ', 1), old, new, '192.0.2.9'));
    end if;
    if found is distinct from expected then
        insert into fault values (format('%s %s: %s instead of %s', table_name, what, found, expected));
    end if;
end $$;
create function pg_temp.tried(whose text, id text, hidden text[], updates boolean) returns bigint language plpgsql as $$
declare
    one record;
    c record;
    target text;
    mark bigint;
    before jsonb;
    after jsonb;
    tries bigint := 0;
    columns text := (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                      where attrelid = whose::regclass and attnum > 0 and not attisdropped and attgenerated = '');
begin
    execute format('alter table %I disable trigger all', whose);
    execute format('alter table %I enable trigger audit', whose);
    for one in select conname from pg_constraint where conrelid = whose::regclass and contype <> 'p'
                order by contype = 'u' loop
        execute format('alter table %I drop constraint %I cascade', whose, one.conname);
    end loop;
    for one in select indexrelid::regclass as name from pg_index
                where indrelid = whose::regclass and not indisprimary loop
        execute format('drop index %s', one.name);
    end loop;
    for c in select attname from pg_attribute where attrelid = whose::regclass and attnum > 0 and attidentity <> '' loop
        execute format('alter table %I alter %I drop identity', whose, c.attname);
    end loop;
    execute (select format('insert into %I (%s) values (%s)', whose, columns, string_agg(coalesce(quote_literal(
        pg_temp.literal(format_type(atttypid, atttypmod), 1)), 'no value for ' || format_type(atttypid, atttypmod)),
        ', ' order by attnum))
      from pg_attribute where attrelid = whose::regclass and attnum > 0 and not attisdropped and attgenerated = '');
    tries := 1;
    execute format('select to_jsonb(t) from %I t where t.ctid = (select max(ctid) from %1$I)', whose) into after;
    perform pg_temp.compare('insert', whose, id, null, after, hidden, (select max(a.id) - 1 from audit a));
    for c in select attname, format_type(atttypid, atttypmod) as kind, attnotnull from pg_attribute
              where attrelid = whose::regclass and attnum > 0 and not attisdropped and attgenerated = ''
              order by attnum loop
        for n in 1..3 loop  -- the same value, another, null
            continue when n = 3 and c.attnotnull;
            target := format('ctid = (select max(ctid) from %I)', whose);
            mark := (select max(a.id) from audit a);
            before := after;
            execute format('update %I set %I = %s where %s', whose, c.attname,
                           case n when 3 then 'null' else quote_literal(pg_temp.literal(c.kind, n)) end, target);
            execute format('select to_jsonb(t) from %I t where t.ctid = (select max(ctid) from %1$I)', whose)
               into after;
            if (before -> c.attname = after -> c.attname) <> (n = 1) then
                insert into fault values (format('%s.%s was not changed', whose, c.attname));
            end if;
            perform pg_temp.compare('update ' || c.attname || ' ' || n, whose, id, before, after,
                                    case when updates then hidden else array(select jsonb_object_keys(after)) end,
                                    mark);
            tries := tries + 1;
        end loop;
    end loop;
    mark := (select max(a.id) from audit a);
    execute format('delete from %I where ctid = (select max(ctid) from %1$I)', whose);
    perform pg_temp.compare('delete', whose, id, after, null, hidden, mark);
    return tries + 1;
end $$;
"""


class Trail(Case):
    def test_the_tables_with_a_trail(self):
        self.assertEqual(dict(STACK.psql("""
            select c.relname, count(t.oid) filter (where t.tgname = 'audit' and t.tgenabled = 'O'
                                                     and p.proname = 'audit_' || c.relname)
              from pg_class c left join pg_trigger t on t.tgrelid = c.oid left join pg_proc p on p.oid = t.tgfoid
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') group by c.relname""")),
                         {**{name: '1' for name in AUDITED}, **{name: '0' for name in WITHOUT}})

    def test_every_write_of_every_column_leaves_its_row(self):
        for table, (column, hidden) in AUDITED.items():
            with self.subTest(table):
                hidden = '{' + ','.join(hidden.split()) + '}'
                (tries,), *faults = STACK.psql(f"""
                    set client_min_messages = warning;
                    begin;
                    insert into audit (operation, table_name, row_id) values ('insert', 'x', 1);
                    {WRITES}
                    delete from {table} where false;
                    truncate {table} cascade;
                    select from set_caller(null, null, '192.0.2.9');
                    select pg_temp.tried('{table}', '{column}', '{hidden}', {table not in NO_UPDATES});
                    select * from fault;
                    rollback""")
                self.assertEqual(faults, [])
                self.assertGreater(int(tries), 3)

    def test_no_setting_of_a_handler_prevents_its_row(self):
        task = STACK.user().post('/api/v1/tasks', {'title': 'x', 'description': ''}).json['id']
        callers = ('x', '[1', '[null,null,"a","b"]', '', '{}', '{"0": 1}', '"text"', '7', 'null', 'true', '[]', '[[1]]',
                   '["a"]', '[1.5]', '[99999999999999999999]', '[1, 2, {"a": 1}]', '[null, null, null]', '\\', '[-1]',
                   '[1,"",null]', '[1, 2, "\\u0000"]', '[true]', '[1e3]')
        settings = [f"set local fettle.caller = '{text}'" for text in callers]
        settings += [f'set local {what}' for what in (
            'search_path = pg_temp', "search_path = ''", 'search_path = nowhere, pg_catalog', 'array_nulls = off',
            'transform_null_equals = on', 'standard_conforming_strings = off', 'bytea_output = escape',
            "timezone = 'Pacific/Kiritimati'", "datestyle = 'sql'", 'check_function_bodies = off', 'row_security = off',
            'client_min_messages = error', "default_transaction_isolation = 'serializable'", 'fettle.anything = 1',
            'plan_cache_mode = force_custom_plan', 'quote_all_identifiers = on', 'backslash_quote = off')]
        # each is refused or leaves a row; a parameter that only superusers set is refused
        settings += ["set local session_replication_role = replica", "set session_replication_role = 'local'",
                     'set local role postgres', 'set local role fettle', 'set session authorization fettle',
                     'set local plpgsql.variable_conflict = use_column', 'alter table tasks disable trigger audit',
                     'alter table tasks disable trigger all', 'drop trigger audit on tasks',
                     'set local allow_system_table_mods = on', 'create temporary table audit (id int)',
                     'create function audit_tasks() returns trigger language plpgsql as $$ begin return null; end $$']
        written = refused = 0
        for turn, setting in enumerate(settings):
            with self.subTest(setting):
                held = self.held(STACK, 'fettle_tasks')
                (before,), = STACK.psql('select coalesce(max(id), 0) from audit')
                said = held.run(f'begin; {setting}; update public.tasks set title = \'title {turn}\' where id = {task}')
                said += held.run('commit')
                rows = STACK.psql(f"select operation, row_id, new ->> 'title' from audit where id > {before} "
                                  f"and table_name = 'tasks'")
                (title,), = STACK.psql(f'select title from tasks where id = {task}')
                if title == f'title {turn}':
                    self.assertEqual(rows, [['update', str(task), title]], said)
                    written += 1
                else:
                    self.assertIn('ERROR', said)
                    self.assertEqual(rows, [])
                    refused += 1
                held.close()
        print(f'{written} settings of a handler were audited, {refused} refused the write')
        self.assertGreaterEqual(written, 20)
        self.assertGreaterEqual(refused, 15)


class Rights(Case):
    """What no role of a handler may do."""

    def test_columns_and_functions(self):
        self.assertEqual(STACK.psql(r"""
            select r.rolname, a.attname, k.kind
              from pg_roles r, pg_attribute a, unnest('{insert,update}'::text[]) k (kind)
             where r.rolname like 'fettle\_%' and a.attrelid = 'sessions'::regclass
               and a.attname in ('permissions', 'is_superuser')
               and has_column_privilege(r.oid, a.attrelid, a.attnum, k.kind)
            union all
            select r.rolname, t.name, k.kind
              from pg_roles r, unnest('{audit,audit_seals,audit_sealing}'::text[]) t (name),
                   unnest('{insert,update,delete,truncate,trigger}'::text[]) k (kind)
             where r.rolname like 'fettle\_%' and case when k.kind in ('insert', 'update')
                   then has_any_column_privilege(r.oid, t.name, k.kind)
                   else has_table_privilege(r.oid, t.name, k.kind) end
            union all
            select r.rolname, p.proname, 'execute' from pg_roles r, pg_proc p
             where r.rolname like 'fettle\_%' and p.pronamespace = 'public'::regnamespace
               and p.proname in ('refresh_sessions', 'audited', 'make_account')
               and has_function_privilege(r.oid, p.oid, 'execute')
            union all
            select r.rolname, d.datname, k.kind
              from pg_roles r, pg_database d, unnest('{create,temporary}'::text[]) k (kind)
             where r.rolname like 'fettle\_%' and d.datname = current_database()
               and has_database_privilege(r.oid, d.oid, k.kind)
            union all
            select r.rolname, n.nspname, 'create' from pg_roles r, pg_namespace n
             where r.rolname like 'fettle\_%' and has_schema_privilege(r.oid, n.oid, 'create')
            union all
            select r.rolname, c.relname, 'owner' from pg_roles r join pg_class c on c.relowner = r.oid
             where r.rolname like 'fettle\_%'
            union all
            select r.rolname, 'session_replication_role', 'set' from pg_roles r
             where r.rolname like 'fettle\_%'
               and has_parameter_privilege(r.oid, 'session_replication_role', 'set')"""), [])
        # both columns exist, and a view through which they could be written does not have them
        self.assertEqual(STACK.psql("""
            select table_name, column_name from information_schema.columns
             where table_schema = 'public' and column_name in ('permissions', 'is_superuser') order by 1, 2"""),
                         [['sessions', 'is_superuser'], ['sessions', 'permissions'], ['users', 'is_superuser']])

    def test_functions_of_the_owner_that_write_the_trail(self):
        """Of all functions that run as the owner, a handler can call one that changes a table: register_account()."""
        self.assertEqual(STACK.psql(r"""
            select distinct p.proname, r.rolname from pg_proc p, pg_roles r
             where p.prosecdef and p.prorettype <> 'trigger'::regtype and p.provolatile = 'v'
               and r.rolname like 'fettle\_%'
               and p.pronamespace = 'public'::regnamespace and has_function_privilege(r.oid, p.oid, 'execute')"""),
                         [['register_account', 'fettle_auth_register']])
        # functions of triggers cannot be called
        said = Held(STACK, 'fettle_tasks')
        self.assertIn('trigger functions can only be called as triggers', said.run('select audit_tasks()'))
        said.close()


class Migration(command.OwnStack, Case):
    """The steps of sql/online, and columns that a migration adds."""

    @classmethod
    def setUpClass(cls):
        command.BUILD = BUILD
        super().setUpClass()
        cls.own.user('boss', superuser=True)

    INDEX = 'tasks_of_author_with_status'

    def index(self):
        return self.own.psql(f"select indisvalid, indexrelid from pg_index "
                             f"where indexrelid = to_regclass('{self.INDEX}')")

    def test_an_invalid_index_is_built_again(self):
        def invalidate():
            self.own.psql(f"update pg_index set indisvalid = false where indexrelid = '{self.INDEX}'::regclass")

        def interrupt():
            (sql,), = self.own.psql(f"select pg_get_indexdef('{self.INDEX}'::regclass)")
            self.own.psql(f'drop index {self.INDEX}')
            held = self.held(self.own)
            held.run('begin; lock table tasks in row exclusive mode')
            said = psql_on(self.own, "set statement_timeout = '300ms'; " + sql.replace('INDEX', 'INDEX CONCURRENTLY'))
            self.assertIn('statement timeout', said)
            held.run('rollback')
        for how in (invalidate, interrupt):
            how()
            (valid, before), = self.index()
            self.assertEqual(valid, 'f')
            status, lines = self.doctor()
            self.assertEqual((status, lines['indexes']),
                             (1, [('FAIL', f'1 index is not complete; run `fettle migrate`: {self.INDEX}')]))
            self.done('migrate')
            (valid, after), = self.index()
            self.assertEqual(valid, 't')
            self.assertNotEqual(before, after)
            self.assertEqual(self.doctor()[1]['indexes'], [('ok', 'all are complete')])

    def test_two_at_once(self):
        for turn in range(3):
            if turn:
                self.own.psql(f'drop index {self.INDEX}')
            results = together(*[lambda: self.fettle('migrate') for _ in range(2 + turn % 2)])
            for result in results:
                self.assertEqual((result.returncode, result.stderr), (0, ''), results)
            self.assertEqual([valid for valid, _ in self.index()], ['t'])
        self.assertNotIn('deadlock', self.own.logs())

    def test_a_step_that_fails_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shutil.copytree(os.path.join(devstack.ROOT, 'sql'), folder, dirs_exist_ok=True)
            path = os.path.join(folder, 'online/20_broken.sql')
            for sql, words in (('select no_such_thing();\n', 'run `fettle migrate` again: .*no_such_thing'),
                               ('select 1', 'the last statement has no semicolon'),
                               ('create index concurrently if not exists\n    made on tasks (nothing);\n', 'nothing')):
                with open(path, 'w') as file:
                    file.write('-- A step that fails.\n' + sql)
                self.own.psql(f'drop index if exists {self.INDEX}')
                said = self.failed('migrate', FETTLE_SQL=folder)
                self.assertIn(path, said)
                self.assertRegex(said, words)
                self.assertEqual([valid for valid, _ in self.index()], ['t'])  # the steps before it are done
            with open(path, 'w') as file:
                file.write('-- A step of two lines.\nselect 1,\n    2;\n')
            self.done('migrate', FETTLE_SQL=folder)
        self.done('migrate')

    def test_a_new_column_is_in_the_trail(self):
        (role,), = self.own.psql("insert into roles (name) values ('probe') returning id")

        def trail(sql):
            return self.own.psql(f"{sql}; select operation, old ->> 'colour', new ->> 'colour' from audit "
                                 f"where table_name = 'roles' and row_id = {role} order by id desc limit 1")
        self.own.psql("alter table roles add colour text not null default 'red'")
        self.done('migrate')
        self.assertEqual(trail(f"update roles set colour = 'blue' where id = {role}"), [['update', 'red', 'blue']])
        self.own.psql('alter table roles drop colour')
        self.done('migrate')
        self.assertEqual(trail(f"update roles set name = 'probe 2' where id = {role}"), [['update', '', '']])
        self.assertEqual(trail(f'delete from roles where id = {role}'), [['delete', '', '']])
