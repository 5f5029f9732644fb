"""Races of work orders: technicians, planners and the register of equipment change the same order and item at once."""
import secrets
import threading
import unittest

import races
import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

TURNS = 6  # rounds of each pair: either request can win, and in six rounds both should have won once


class Person:
    """An account that is inserted by SQL, with a token: fifty registrations would take too long."""

    def __init__(self, name):
        self.username, self.token = name, secrets.token_urlsafe(32)


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, FETTLE_WORKERS='16').start()
        cls.addClassCleanup(cls.stop)
        cls.root = cls.on.user('root', superuser=True)
        cls.planner, = cls.people(1, 'planner', 'administrator')
        cls.crew = cls.people(50, 'technician')
        cls.items = 0

    @classmethod
    def stop(cls):
        logs = cls.on.stop()
        assert 'fault: ' not in logs and 'passed our checks' not in logs, [
            line for line in logs.splitlines() if 'fault: ' in line or 'passed our checks' in line][:5]

    @classmethod
    def people(cls, count, name, role='employee'):
        people = [Person(f'{name}{i}') for i in range(count)]
        values = ', '.join(f"('{one.username}', '{one.token}')" for one in people)
        ids = dict(cls.on.psql(f"""
            create temp table given (username text, token text);
            insert into given values {values};
            insert into users (username, email) select username, username || '@example.org' from given;
            insert into user_roles (user_id, role_id) select u.id, r.id from users u join given using (username),
                roles r where r.name in ('employee', '{role}');
            insert into sessions (user_id, key, expires_at)
                select u.id, sha256(g.token::bytea), now() + interval '1 hour' from users u
                       join given g using (username);
            select u.username, u.id from users u join given using (username)"""))
        for one in people:
            one.id = int(ids[one.username])
        return people

    def item(self):
        Orders.items += 1
        answer = self.root.post('/api/v1/equipment', {'name': 'Lathe', 'serial_number': f'L-{Orders.items}'})
        self.assertEqual(answer.status, 201, answer)
        return answer.json['id']

    def order(self, item=None, **more):
        answer = self.root.post('/api/v1/tasks', {'title': 'Oil the lathe', 'equipment': item or self.item(), **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json['id']

    def act(self, who, method, path, body=None, headers=None):
        return races.Act(method, '/api/v1' + path, body, who.token, headers, on=self.on)

    def record(self, who, order, **more):
        return self.act(who, 'POST', '/maintenance', {'task': order, 'description': 'oiled', **more})

    def outcomes(self, acts, *statuses):
        """Sends all requests at once; the answers, each with one of these statuses; never a 5xx."""
        answers = races.together(acts)
        for answer in answers:
            self.assertIsInstance(answer, devstack.Answer)
            self.assertIn(answer.status, statuses, answers)
            self.assertLess(answer.status, 500)
        return answers

    def refused(self, answer, *codes):
        self.assertEqual(answer.headers['content-type'], 'application/problem+json')
        self.assertIn(answer.json['code'], codes, answer)

    def one(self, sql):
        """The only row of a query, its values as texts."""
        rows = self.on.psql(sql)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def coherent(self, item):
        """Checks what is always true: an order is complete if it has a record, and the item counts its records."""
        self.assertEqual(self.one(f'''
            select count(*) filter (where (t.status = 'Complete') <> (m.id is not null)),
                   count(*) filter (where m.equipment <> t.equipment or m.technician <> t."user")
              from tasks t left join maintenance m on m.task = t.id where t.equipment = {item}'''), ['0', '0'])
        self.assertEqual(*self.on.psql(f'''
            select maintenance_count, maintenance_hours, maintenance_cost from equipment where id = {item}
            union all select count(*), coalesce(sum(hours_spent), 0)::numeric(14,2),
            coalesce(sum(cost), 0)::numeric(14,2) from maintenance where equipment = {item}'''))

    # -- one order, many technicians

    def test_of_fifty_technicians_who_record_one_order_exactly_one_succeeds(self):
        for _ in range(3):
            item = self.item()
            order = self.order(item)
            answers = self.outcomes([self.record(one, order, hours_spent='1.50', cost='20.25') for one in self.crew],
                                    201, 409)
            made = [answer for answer in answers if answer.status == 201]
            self.assertEqual(len(made), 1, answers)
            winner = self.crew[answers.index(made[0])]
            for answer in answers:
                if answer is not made[0]:
                    self.refused(answer, 'order_done')
                    self.assertEqual(answer.json['detail'], f'{winner.username} has already completed this work order.')
            self.assertEqual(self.one(f'select task, equipment, technician, hours_spent, cost, version '
                                      f'from maintenance where task = {order}'),
                             [str(order), str(item), str(winner.id), '1.50', '20.25', '1'])
            self.assertEqual(self.one(f'select status, "user", claimed_until is null, completed_at is not null, '
                                      f'version from tasks where id = {order}'),
                             ['Complete', str(winner.id), 't', 't', '2'])
            self.assertEqual(self.one(f'select maintenance_count, maintenance_hours, maintenance_cost from equipment '
                                      f'where id = {item}'), ['1', '1.50', '20.25'])
            self.assertEqual(self.one(f"select count(*) from audit where table_name = 'maintenance' "
                                      f"and new ->> 'task' = '{order}'"), ['1'])
            self.coherent(item)

    def test_records_of_different_orders_of_one_item_are_all_counted(self):
        item = self.item()
        self.outcomes([self.record(one, self.order(item), hours_spent='0.25', cost='1.10') for one in self.crew[:20]],
                      201)
        self.assertEqual(self.one(f'select maintenance_count, maintenance_hours, maintenance_cost, version '
                                  f'from equipment where id = {item}'), ['20', '5.00', '22.00', '1'])
        self.coherent(item)

    def test_of_fifty_who_claim_one_order_exactly_one_holds_it(self):
        for _ in range(3):
            order = self.order()
            answers = self.outcomes([self.act(one, 'POST', f'/tasks/{order}/claim') for one in self.crew], 200, 409)
            holders = [one for one, answer in zip(self.crew, answers) if answer.status == 200]
            self.assertEqual(len(holders), 1, answers)
            for answer in answers:
                if answer.status == 409:
                    self.refused(answer, 'claimed')
                    self.assertEqual(answer.json['detail'], f'{holders[0].username} has claimed this work order.')
            self.assertEqual(self.one(f'select "user", claimed_until > now(), status, version from tasks '
                                      f'where id = {order}'), [str(holders[0].id), 't', 'Pending', '2'])

    def test_fifty_claims_of_the_next_of_fifty_orders_get_fifty_different_ones(self):
        for _ in range(3):
            self.on.psql("update tasks set status = 'Cancelled' where equipment is not null "
                         "and status in ('Pending', 'In Progress')")
            item = self.item()
            orders = {self.order(item, priority_level=('Low', 'Medium', 'High', 'Critical')[i % 4]) for i in range(50)}
            answers = self.outcomes([self.act(one, 'POST', '/tasks/claim_next') for one in self.crew], 200)
            self.assertEqual({answer.json['id'] for answer in answers}, orders)
            self.assertEqual(
                sorted(self.on.psql(f'select id, "user", version from tasks where equipment = {item}')),
                sorted([str(answer.json['id']), str(one.id), '2'] for one, answer in zip(self.crew, answers)))
            for answer in self.outcomes([self.act(one, 'POST', '/tasks/claim_next') for one in self.crew[:10]], 404):
                self.refused(answer, 'no_work_order')

    def test_of_fifty_claims_of_the_next_of_thirty_orders_thirty_succeed(self):
        self.on.psql("update tasks set status = 'Cancelled' where equipment is not null "
                     "and status in ('Pending', 'In Progress')")
        item = self.item()
        orders = {self.order(item) for _ in range(30)}
        answers = self.outcomes([self.act(one, 'POST', '/tasks/claim_next') for one in self.crew], 200, 404)
        self.assertEqual(sorted(answer.json['id'] for answer in answers if answer.status == 200), sorted(orders))
        self.assertEqual(self.one(f'select count(distinct "user"), count(*) from tasks where equipment = {item} '
                                  f'and claimed_until > now()'), ['30', '30'])

    def test_a_released_order_goes_to_exactly_one_of_those_who_claim_it(self):
        for _ in range(TURNS):
            holder, *crew = self.crew[:9]
            order = self.order()
            self.outcomes([self.act(holder, 'POST', f'/tasks/{order}/claim')], 200)
            answers = self.outcomes([self.act(holder, 'DELETE', f'/tasks/{order}/claim'),
                                     *(self.act(one, 'POST', f'/tasks/{order}/claim') for one in crew)], 204, 200, 409)
            self.assertEqual(answers[0].status, 204)
            new = [one for one, answer in zip(crew, answers[1:]) if answer.status == 200]
            self.assertLessEqual(len(new), 1, answers)
            self.assertEqual(self.one(f'select "user", claimed_until is null from tasks where id = {order}'),
                             [str(new[0].id), 'f'] if new else [str(self.root.id), 't'])

    # -- one order, two conflicting requests

    def test_of_a_record_and_a_claim_by_another_user_exactly_one_succeeds(self):
        for _ in range(TURNS):
            (one, other), item = self.crew[:2], self.item()
            order = self.order(item)
            record, claim = self.outcomes([self.record(one, order), self.act(other, 'POST', f'/tasks/{order}/claim')],
                                          200, 201, 409)
            if record.status == 201:
                self.refused(claim, 'order_done')
                self.assertIn(one.username, claim.json['detail'])
            else:
                self.refused(record, 'claimed')
                self.assertIn(other.username, record.json['detail'])
                self.assertEqual(claim.status, 200)
            self.assertEqual(self.one(f'select status, "user" from tasks where id = {order}'),
                             ['Complete', str(one.id)] if record.status == 201 else ['Pending', str(other.id)])
            self.coherent(item)

    def test_of_a_record_and_a_cancellation_exactly_one_succeeds(self):
        for _ in range(TURNS):
            technician, item = self.crew[0], self.item()
            order = self.order(item)
            record, cancel = self.outcomes([self.record(technician, order), self.act(
                self.planner, 'PATCH', f'/tasks/{order}/status', {'status': 'Cancelled'})], 200, 201, 409)
            self.assertEqual(sorted((record.status, cancel.status)), [201, 409] if record.status == 201 else [200, 409],
                             (record, cancel))
            self.refused(cancel if record.status == 201 else record, 'needs_record', 'order_cancelled')
            self.assertEqual(self.one(f'select status, (select count(*) from maintenance where task = {order}) '
                                      f'from tasks where id = {order}'),
                             ['Complete', '1'] if record.status == 201 else ['Cancelled', '0'])
            self.coherent(item)

    def test_of_a_record_and_an_assignment_to_another_user_exactly_one_succeeds(self):
        for _ in range(TURNS):
            (one, other), item = self.crew[:2], self.item()
            order = self.order(item)
            record, change = self.outcomes([self.record(one, order), self.act(self.planner, 'PATCH', f'/tasks/{order}',
                                                                              {'user': other.id})], 200, 201, 409)
            self.assertEqual((record.status, change.status), (201, 409) if record.status == 201 else (409, 200),
                             (record, change))
            self.refused(change if record.status == 201 else record, 'task_complete', 'claimed')
            self.assertEqual(self.one(f"select count(*) from tasks where id = {order} and status = 'Complete' "
                                      f"and claimed_until is not null"), ['0'])
            self.assertEqual(self.one(f'select count(*) from maintenance where task = {order}'),
                             [str(int(record.status == 201))])

    def test_a_task_is_deleted_or_recorded_but_never_both(self):
        for _ in range(TURNS):
            technician, item = self.crew[0], self.item()
            order = self.order(item)
            record, delete = self.outcomes([self.record(technician, order),
                                            self.act(self.planner, 'DELETE', f'/tasks/{order}')], 201, 204, 400, 409)
            if record.status == 201:
                self.assertEqual(delete.status, 409, delete)
                self.refused(delete, 'order_has_record', 'in_use')
            else:
                self.assertEqual((record.status, delete.status), (400, 204), (record, delete))
                self.assertEqual(record.json['errors'],
                                 {'task': ['This object does not exist or is not available to you.']})
            self.assertEqual(self.one(f'select count(*), (select count(*) from maintenance where task = {order}) from '
                                      f'tasks where id = {order}'), ['1', '1'] if record.status == 201 else ['0', '0'])
            self.coherent(item)

    def test_a_record_is_deleted_once_and_its_order_is_open_again(self):
        for _ in range(TURNS):
            technician, item = self.crew[0], self.item()
            order = self.order(item)
            self.outcomes([self.record(technician, self.order(item), hours_spent=2, cost=3)], 201)
            made, = self.outcomes([self.record(technician, order, hours_spent=4, cost=5)], 201)
            path = f'/maintenance/{made.json["id"]}'
            acts = [self.act(who, 'DELETE', path) for who in (technician, self.planner) * 4] + [
                self.act(technician, 'PATCH', path, {'hours_spent': 7}), self.record(self.planner, order)]
            *deletions, change, again = self.outcomes(acts, 200, 201, 204, 404, 409)
            self.assertEqual(sorted(answer.status for answer in deletions), [204] + [404] * 7, deletions)
            self.assertIn(change.status, (200, 404))
            self.assertIn(again.status, (201, 409))  # after the deletion the order is open, to other users too
            self.assertEqual(self.one(f'select status, completed_at is null from tasks where id = {order}'),
                             ['Complete', 'f'] if again.status == 201 else ['Pending', 't'])
            self.coherent(item)

    # -- one item

    def test_a_retired_item_gets_no_order_after_its_retirement(self):
        seen = set()
        for _ in range(TURNS):
            item, old = self.item(), self.root.post('/api/v1/tasks', {'title': 'no order yet'}).json['id']
            acts = [self.act(self.planner, 'POST', '/tasks', {'title': f'order {i}', 'equipment': item})
                    for i in range(12)]
            acts[6:6] = [self.act(self.planner, 'PATCH', f'/equipment/{item}', {'status': 'Retired'}),
                         self.act(self.planner, 'PATCH', f'/tasks/{old}', {'equipment': item})]
            answers = self.outcomes(acts, 200, 201, 409)
            self.assertEqual(answers[6].status, 200)
            for answer in answers:
                if answer.status == 409:
                    self.refused(answer, 'equipment_retired')
            seen.update(answer.status for answer in answers)
            made = sum(answer.status in (200, 201) for answer in answers) - 1
            self.assertEqual(self.one(f'select count(*) from tasks where equipment = {item}'), [str(made)])
            # ids of the trail are assigned while the item is locked, so they have the order of the events
            behind = self.on.psql(f"""
                select a.id from audit a
                 where a.table_name = 'tasks' and a.new ->> 'equipment' = '{item}'
                   and a.id > (select r.id from audit r where r.table_name = 'equipment' and r.row_id = {item}
                   and r.new ->> 'status' = 'Retired')""")
            self.assertEqual(behind, [])
            self.refused(self.root.post('/api/v1/tasks', {'title': 'late', 'equipment': item}), 'equipment_retired')
        self.assertEqual(seen, {200, 201, 409}, 'the requests never overlapped: the test proved nothing')

    def test_a_meter_read_by_twenty_at_once_never_runs_backwards(self):
        for _ in range(3):
            item, turn, hours = self.item(), threading.Lock(), iter(range(10, 10000, 10))

            def read(who):
                def act(client):  # the meter increases while they read it, and a higher reading may be stored first
                    answers = []
                    for _ in range(3):
                        with turn:
                            shown = next(hours)
                        answers.append(client.post(f'/api/v1/equipment/{item}/readings', {'hours': shown}))
                    answers[0].all = answers
                    return answers[0]
                act.stack, act.token = self.on, who.token
                return act
            answers = [answer for first in races.together([read(who) for who in self.crew[:20]])
                       for answer in first.all]
            self.assertEqual(len(answers), 60)
            for answer in answers:
                self.assertIn(answer.status, (201, 409), answer)
                if answer.status == 409:
                    self.refused(answer, 'runs_backwards')
            self.assertGreater(sum(answer.status == 201 for answer in answers), 10)
            self.meter(item, [answer.json['hours'] for answer in answers if answer.status == 201])

    def meter(self, item, accepted):
        """The stored readings are the accepted ones, increase with time, and the item shows the last one."""
        rows = self.on.psql(f'select hours from readings where equipment = {item} order by read_at')
        hours = [float(row[0]) for row in rows]
        self.assertEqual(sorted(map(float, accepted)), hours)
        self.assertEqual(self.one(f'select usage_hours, usage_read_at = (select max(read_at) from readings where '
                                  f'equipment = {item}) from equipment where id = {item}'), [f'{max(hours):.2f}', 't'])

    def test_readings_with_given_times_are_accepted_in_any_order(self):
        item = self.item()
        acts = [self.act(one, 'POST', f'/equipment/{item}/readings', {
            'hours': i * 10, 'read_at': f'2026-01-{i + 1:02}T08:00:00Z'}) for i, one in enumerate(self.crew[:20])]
        self.meter(item, [answer.json['hours'] for answer in self.outcomes(acts, 201)])
        # a second reading of the same time is refused
        crew = self.crew[:20]
        answers = self.outcomes([self.act(one, 'POST', f'/equipment/{item}/readings',
                                          {'hours': 500, 'read_at': '2026-02-01T08:00:00Z'}) for one in crew], 201, 409)
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * 19)
        for answer in answers:
            if answer.status == 409:
                self.refused(answer, 'reading_exists')

    def test_readings_that_are_deleted_and_created_at_once_leave_the_last_one_on_the_item(self):
        for _ in range(3):
            item, crew = self.item(), self.crew[:10]
            made = self.outcomes([self.act(one, 'POST', f'/equipment/{item}/readings', {
                'hours': i * 10, 'read_at': f'2026-01-{i + 1:02}T08:00:00Z'}) for i, one in enumerate(crew)], 201)
            acts = [self.act(self.planner, 'DELETE', f'/equipment/{item}/readings/{answer.json["id"]}')
                    for answer in made[5:]]
            acts += [self.act(one, 'POST', f'/equipment/{item}/readings', {
                'hours': 100 + i * 10, 'read_at': f'2026-02-{i + 1:02}T08:00:00Z'}) for i, one in enumerate(crew)]
            self.outcomes(acts, 201, 204)
            self.meter(item, [i * 10 for i in range(5)] + [100 + i * 10 for i in range(10)])
            gone = self.outcomes([self.act(self.planner, 'DELETE', f'/equipment/{item}/readings/{row[0]}')
                                  for row in self.on.psql(f'select id from readings where equipment = {item}')], 204)
            self.assertEqual(len(gone), 15)
            self.assertEqual(self.one(f'select usage_hours is null and usage_read_at is null from equipment '
                                      f'where id = {item}'), ['t'])

    def test_an_item_is_deleted_or_gets_a_history_but_never_both(self):
        for turn in range(2 * TURNS):
            item, technician = self.item(), self.crew[0]
            work = [self.act(self.planner, 'POST', '/tasks', {'title': 'order', 'equipment': item}),
                    self.act(technician, 'POST', f'/equipment/{item}/readings', {'hours': 5}),
                    self.act(self.planner, 'POST', '/schedules',
                             {'equipment': item, 'title': 'oil', 'every_days': 7})][turn % 3]
            delete, made = self.outcomes([self.act(self.planner, 'DELETE', f'/equipment/{item}'), work], 201, 204,
                                         400, 404, 409)
            there = {table: int(self.one(f'select count(*) from {table} where equipment = {item}')[0])
                     for table in ('tasks', 'readings', 'schedules')}
            if delete.status == 204:
                # a schedule is not a history: it is deleted with the item
                self.assertIn(made.status, (400, 404) if turn % 3 < 2 else (201, 400), made)
                if made.status == 400:
                    self.assertEqual(made.json['errors'],
                                     {'equipment': ['This object does not exist or is not available to you.']})
                self.assertEqual(there, {'tasks': 0, 'readings': 0, 'schedules': 0})
            else:
                self.assertEqual((delete.status, made.status), (409, 201), (delete, made))
                self.refused(delete, 'has_history', 'in_use')
                self.assertEqual(sum(there.values()), 1)
            self.assertEqual(self.one(f'select count(*) from equipment where id = {item}'),
                             ['0' if delete.status == 204 else '1'])

    # -- schedules

    def schedule(self, item):
        answer = self.root.post('/api/v1/schedules', {'equipment': item, 'title': 'Oil', 'every_days': 7})
        self.assertEqual(answer.status, 201, answer)
        schedule = answer.json['id']
        self.on.psql(f"update schedules set next_due_on = current_date - 3 where id = {schedule}; "
                     f"select make_due_orders(1000)")
        return schedule, int(self.one(f'select open_order from schedules where id = {schedule}')[0])

    def test_due_orders_are_created_once_even_if_six_processes_create_them(self):
        items = [self.item() for _ in range(20)]
        self.on.psql(f"""insert into schedules (equipment, title, every_days, next_due_on, author)
            select id, 'race', 7, current_date, {self.root.id} from equipment
                   where id = any ('{{{','.join(map(str, items))}}}')""")
        gate, faults = threading.Barrier(6), []

        def run():
            gate.wait(30)
            try:
                self.on.psql('select make_due_orders(100)')
            except RuntimeError as fault:
                faults.append(fault)
        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(faults, [])
        self.on.psql('select make_due_orders(100)')  # schedules that were skipped because they were locked
        self.assertEqual(self.one("select count(*), count(distinct s.id), count(distinct t.id) from schedules s "
                                  "join tasks t on t.schedule = s.id and t.id = s.open_order where s.title = 'race'"),
                         ['20', '20', '20'])
        self.assertEqual(self.one("select count(*) from tasks where title = 'race'"), ['20'])

    def test_a_schedule_that_is_edited_while_its_order_is_completed_keeps_both_changes(self):
        for _ in range(TURNS):
            technician, item = self.crew[0], self.item()
            schedule, order = self.schedule(item)
            record, *changes = self.outcomes(
                [self.record(technician, order),
                 self.act(self.planner, 'PATCH', f'/schedules/{schedule}', {'every_days': 30}),
                 self.act(self.planner, 'PATCH', f'/schedules/{schedule}', {'title': 'Oil and clean'})], 200, 201)
            self.assertEqual([record.status, *(answer.status for answer in changes)], [201, 200, 200])
            found = self.one(f'select title, every_days, open_order is null, next_due_on - current_date, version '
                             f'from schedules where id = {schedule}')
            self.assertIn(found[3], ('7', '30'), 'the next day must follow from the old or the new interval')
            self.assertEqual(found[:3], ['Oil and clean', '30', 't'])
            self.coherent(item)

    def test_a_schedule_that_is_deleted_while_its_order_is_completed_leaves_the_order_complete(self):
        for _ in range(TURNS):
            technician, item = self.crew[0], self.item()
            schedule, order = self.schedule(item)
            record, delete = self.outcomes([self.record(technician, order),
                                            self.act(self.planner, 'DELETE', f'/schedules/{schedule}')], 201, 204)
            self.assertEqual((record.status, delete.status), (201, 204))
            self.assertEqual(self.one(f'select status, schedule is null from tasks where id = {order}'),
                             ['Complete', 't'])
            self.assertEqual(self.one(f'select count(*) from schedules where id = {schedule}'), ['0'])
            self.coherent(item)

    def test_an_order_that_is_deleted_while_new_ones_are_created_leaves_no_schedule_waiting_for_it(self):
        for _ in range(TURNS):
            item = self.item()
            schedule, order = self.schedule(item)

            def make(client):
                self.on.psql('select make_due_orders(100)')
                return client.get('/api/v1/health/live')
            make.stack, make.token = self.on, None
            delete, _ = self.outcomes([self.act(self.planner, 'DELETE', f'/tasks/{order}'), make], 200, 204)
            self.assertEqual(delete.status, 204)
            self.on.psql('select make_due_orders(100)')
            self.assertEqual(self.one(f'select count(*), count(t.id) from schedules s left join tasks t '
                                      f'on t.id = s.open_order where s.id = {schedule}'), ['1', '1'])
            self.assertEqual(self.one(f'select count(*) from tasks where schedule = {schedule}'), ['1'])
