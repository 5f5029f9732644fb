-- Triggers for the rules between work orders, maintenance records, readings and schedules. They apply to every writer.

-- Refuses a change. It raises the error of a violated constraint with this name; the API then answers 409 with the name as
-- the code.
create or replace function refuse(code text) returns void language plpgsql as $$
begin
    raise exception using errcode = 'check_violation', constraint = code, message = format('refused by constraint "%s"', code);
end $$;

-- Refuses orders for a retired item, and the status Complete for an order without a maintenance record.
-- security definer, because a lock on the item requires the privilege to change items, and not every handler may read
-- records.
create or replace function check_order() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    item_status text;
begin
    if tg_op = 'INSERT' or new.equipment is distinct from old.equipment then
        -- locks the item, so that it cannot be retired before this order is stored
        select e.status into item_status from equipment e where e.id = new.equipment for share;
        if item_status = 'Retired' then perform refuse('equipment_retired'); end if;
    end if;
    if new.status = 'Complete' and not exists (select from maintenance m where m.task = new.id) then
        perform refuse('needs_record');
    end if;
    return new;
end $$;

-- Updates the schedule of an order. When the order is completed or cancelled, the next due date is counted from that day.
-- When the order is reopened, the schedule waits for it again, unless it has created another order in the meantime.
-- security definer, so that a handler that changes orders needs no privilege to write schedules.
create or replace function move_schedule() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    was_open boolean     := is_open(old.status);
    now_open boolean     := is_open(new.status);
    ended_at timestamptz := now();
begin
    if was_open and not now_open then
        select m.performed_at into ended_at from maintenance m where m.task = new.id;
        ended_at := coalesce(ended_at, now());
        update schedules s
           set open_order     = null,
               next_due_on    = (ended_at at time zone 'UTC')::date + s.every_days,
               next_due_hours = case when s.every_hours is not null then least(9999999999.99, s.every_hours + coalesce(
                   (select r.hours from readings r where r.equipment = s.equipment and r.read_at <= ended_at order by r.read_at desc limit 1), 0)) end
         where s.id = new.schedule and s.open_order = new.id;
    elsif now_open and not was_open then
        update schedules s
           set open_order  = new.id,
               next_due_on = case when s.every_days is not null then coalesce(new.due_date, s.next_due_on) end
         where s.id = new.schedule and s.open_order is null;
    end if;
    return null;
end $$;

-- A new record completes its order and assigns it to the record's technician. Deleting the record reopens the order. The row
-- of the item has the sums over all its records.
-- security definer, so that a handler that writes records needs no privilege to write orders and items.
create or replace function keep_record() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        update tasks
           set status = 'Complete', completed_at = now(), "user" = new.technician, claimed_until = null
         where id = new.task;
    elsif tg_op = 'DELETE' then
        update tasks set status = 'Pending', completed_at = null where id = old.task;
    end if;
    update equipment e
       set maintenance_count = e.maintenance_count + sums.records,
           maintenance_hours = e.maintenance_hours + sums.hours,
           maintenance_cost  = e.maintenance_cost + sums.cost
      from (select each.equipment, sum(each.records) as records, sum(each.hours) as hours, sum(each.cost) as cost
              from (values (case when tg_op <> 'INSERT' then old.equipment end, -1, -coalesce(old.hours_spent, 0), -coalesce(old.cost, 0)),
                           (case when tg_op <> 'DELETE' then new.equipment end,  1,  coalesce(new.hours_spent, 0),  coalesce(new.cost, 0)))
                   as each (equipment, records, hours, cost)
             group by each.equipment) sums
     where e.id = sums.equipment and (sums.records, sums.hours, sums.cost) <> (0, 0, 0);
    return null;
end $$;

-- Checks that a meter never runs backwards: the hours of a reading must be between those of the readings before and after
-- it.
-- security definer, because the lock on the item requires the privilege to change items.
create or replace function check_reading() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    -- one change at a time for each item, so that the queries below see what the previous change has committed
    perform from equipment e where e.id = new.equipment for no key update;
    if exists (select from readings r where r.equipment = new.equipment and r.id is distinct from new.id and r.read_at = new.read_at) then
        perform refuse('reading_exists');
    end if;
    if new.hours < (select r.hours from readings r where r.equipment = new.equipment and r.id is distinct from new.id and r.read_at < new.read_at
                     order by r.read_at desc limit 1)
       or new.hours > (select r.hours from readings r where r.equipment = new.equipment and r.id is distinct from new.id and r.read_at > new.read_at
                        order by r.read_at limit 1) then
        perform refuse('runs_backwards');
    end if;
    return new;
end $$;

-- Copies the last reading to the row of the item.
-- security definer, so that a handler that writes readings needs no privilege to write items.
create or replace function keep_usage() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    item bigint := case when tg_op = 'DELETE' then old.equipment else new.equipment end;
begin
    -- one change at a time for each item, even if a reading is deleted: only a query after the lock sees the newest state
    perform from equipment e where e.id = item for no key update;
    update equipment e
       set (usage_hours, usage_read_at) =
           (select max(last.hours), max(last.read_at)
              from (select r.hours, r.read_at from readings r where r.equipment = item order by r.read_at desc limit 1) last)
     where e.id = item;
    return null;
end $$;

create or replace trigger check_order   before insert or update of equipment, status on tasks for each row when (new.equipment is not null) execute function check_order();
create or replace trigger move_schedule after update of status on tasks for each row when (new.schedule is not null) execute function move_schedule();
create or replace trigger keep_record   after insert or update or delete on maintenance for each row execute function keep_record();
create or replace trigger check_reading before insert or update on readings for each row execute function check_reading();
create or replace trigger keep_usage    after insert or update or delete on readings for each row execute function keep_usage();

-- -- service life

-- The day on which a service life of `months` months ends; null if it is after the year 9999, the last year that the API can
-- express.
create or replace function life_end(since date, months integer) returns date immutable language sql as $$
    select case when since + make_interval(months => months) < timestamp '10000-01-01' then (since + make_interval(months => months))::date end
$$;
-- The part of the service life that has passed: 0 at its beginning, 1 at its end and later; null if the dates are unknown.
create or replace function months_used(since date, months integer) returns numeric stable language sql as $$
    select case when life_end(since, months) is not null
                then greatest(0, least(1, (current_date - since)::numeric / (life_end(since, months) - since))) end
$$;
-- The months since the service life began; 0 before that.
create or replace function months_since(since date) returns numeric stable language sql as $$
    select case when since is not null then greatest(0, current_date - since) / 30.436875 end
$$;
-- The months that remain of the service life; all of them before its beginning. The mean month of the calendar has 30.436875
-- days.
create or replace function months_left(since date, months integer) returns numeric stable language sql as $$
    select case when life_end(since, months) is not null then greatest(0, life_end(since, months) - greatest(since, current_date)) / 30.436875 end
$$;
-- The part of a service life in hours that is used, from 0 to 1; null if there is no such service life.
create or replace function hours_used(usage numeric, life numeric) returns numeric immutable language sql as $$
    select case when life is not null then greatest(0, least(1, coalesce(usage, 0) / life)) end
$$;
-- The hours that remain of a service life in hours; null if there is none.
create or replace function hours_left(usage numeric, life numeric) returns numeric immutable language sql as $$
    select case when life is not null then greatest(0, life - coalesce(usage, 0)) end
$$;
-- Hours of use per day, between the last reading and the first reading of the 365 days before it; null if there are not two
-- readings.
-- Limited to the greatest value of an amount, because two readings can be only a microsecond apart.
-- security definer, because a caller who may see an item may see this rate, even from a handler whose role may not read
-- readings.
create or replace function hours_per_day(item bigint) returns numeric
stable language sql security definer set search_path = public, pg_temp as $$
    select case when first.read_at < last.read_at
                then least(9999999999.99, (last.hours - first.hours) / (extract(epoch from last.read_at - first.read_at) / 86400)) end
      from (select r.hours, r.read_at from readings r where r.equipment = item order by r.read_at desc limit 1) last,
           lateral (select r.hours, r.read_at from readings r where r.equipment = item and r.read_at >= last.read_at - interval '365 days'
                     order by r.read_at limit 1) first
$$;

-- The day on which the hours of a service life will be used up at the current rate; null if the rate is unknown or the day
-- is more than 100 years away.
create or replace function hours_end(item bigint, usage numeric, read_at timestamptz, life numeric) returns date stable language sql as $$
    select case when life <= usage then (read_at at time zone 'UTC')::date
                when rate.a_day > 0 and (life - usage) / rate.a_day <= 36525
                then (read_at at time zone 'UTC')::date + ceil((life - usage) / rate.a_day)::integer end
      from (select hours_per_day(item) as a_day) rate
$$;

-- -- schedules

-- Creates the work orders that are due, at most `most`, and returns their number. Concurrent calls create each order only
-- once. A schedule is due lead_days before its due date, or when the meter reaches its due hours. The schedule of a retired
-- item is never due.
create or replace function make_due_orders(most integer) returns bigint language sql as $$
    with due as (
        select s.*, s.next_due_hours <= coalesce(e.usage_hours, 0) as by_hours
          from schedules s join equipment e on e.id = s.equipment
         where s.is_active and s.open_order is null and e.status <> 'Retired'
           and (s.next_due_on - s.lead_days <= current_date or s.next_due_hours <= coalesce(e.usage_hours, 0))
         order by s.id
         limit most
           for no key update of s skip locked
           for share of e skip locked
    ), made as (
        insert into tasks (title, description, priority_level, due_date, author, "user", equipment, schedule)
        select due.title, due.description, due.priority_level, least(due.next_due_on, case when due.by_hours then current_date end),
               due.author, due.author, due.equipment, due.id
          from due
        returning id, schedule
    ), updated as (
        update schedules s set open_order = made.id from made where s.id = made.schedule
        returning s.id
    )
    select count(*) from updated
$$;
-- only `fettle` may create them
revoke execute on function make_due_orders(integer) from public;
