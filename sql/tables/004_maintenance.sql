-- Equipment in full, maintenance records, meter readings, schedules, retried requests; and what lists of a million rows need.

-- trigrams: a search for any part of a text is answered by an index
create extension if not exists pg_trgm;

alter table equipment
    add category            text,
    add manufacturer        text,
    add model               text,
    add location            text,
    add acquired_on         date,
    add service_life_months integer constraint life_months_positive check (service_life_months > 0),
    add service_life_hours  numeric(12,2) constraint life_hours_positive check (service_life_hours > 0),
    add notes               text not null default '',
    -- kept by the triggers of readings and maintenance (sql/functions/work_orders.sql), so that a list need not count
    add usage_hours         numeric(12,2),  -- the last reading; null: none yet
    add usage_read_at       timestamptz,
    add maintenance_count   integer       not null default 0,
    add maintenance_hours   numeric(20,2) not null default 0,
    add maintenance_cost    numeric(20,2) not null default 0;
create index equipment_by_name         on equipment (name, id);
create index equipment_by_category     on equipment (category, id);
create index equipment_by_manufacturer on equipment (manufacturer, id);
create index equipment_by_model        on equipment (model, id);
create index equipment_by_location     on equipment (location, id);
create index equipment_by_status       on equipment (status, id);
create index equipment_search on equipment using gin
    ((name || ' ' || serial_number || ' ' || coalesce(category, '') || ' ' || coalesce(manufacturer, '') || ' ' ||
      coalesce(model, '') || ' ' || coalesce(location, '')) gin_trgm_ops);

-- What the meter of an item showed. It never runs backwards (sql/functions/work_orders.sql).
create table readings (
    id         bigint generated always as identity primary key,
    equipment  bigint        not null constraint no_such_equipment references equipment,
    hours      numeric(12,2) not null constraint hours_not_negative check (hours >= 0),
    read_at    timestamptz   not null default now(),
    technician bigint        not null constraint no_such_technician references users,
    created_at timestamptz   not null default now(),
    version    integer       not null default 1,
    constraint reading_exists unique (equipment, read_at)
);
create index readings_of_equipment on readings (equipment, id);
create index readings_of_technician on readings (technician, id);

-- Preventive maintenance: each time that is due makes one work order; its end moves the schedule on.
create table schedules (
    id             bigint generated always as identity primary key,
    equipment      bigint        not null constraint no_such_equipment references equipment on delete cascade,
    title          text          not null constraint schedule_title_length check (length(title) between 1 and 200),
    description    text,
    priority_level text          not null default 'Medium'
                   constraint schedule_priority check (priority_level in ('Low', 'Medium', 'High', 'Critical')),
    every_days     integer       constraint every_days_positive check (every_days > 0),
    every_hours    numeric(12,2) constraint every_hours_positive check (every_hours > 0),
    next_due_on    date,
    next_due_hours numeric(12,2),
    lead_days      integer       not null default 0 constraint lead_days_not_negative check (lead_days >= 0),
    is_active      boolean       not null default true,
    author         bigint        not null constraint no_such_author references users,
    -- the order that the present due date has made; null: none yet
    open_order     bigint,
    created_at     timestamptz   not null default now(),
    updated_at     timestamptz   not null default now(),
    version        integer       not null default 1,
    constraint schedule_interval check (every_days is not null or every_hours is not null),
    constraint schedule_due_on check ((every_days is null) = (next_due_on is null)),
    constraint schedule_due_hours check ((every_hours is null) = (next_due_hours is null)),
    constraint schedule_lead check (lead_days < every_days or every_days is null)
);
create index schedules_of_equipment on schedules (equipment, next_due_on) where is_active;
create index schedules_by_equipment on schedules (equipment, id);
create index schedules_by_title     on schedules (title, id);
create index schedules_by_due_date  on schedules (coalesce(next_due_on, 'infinity'), id);
create index schedules_by_due_date_desc on schedules (coalesce(next_due_on, '-infinity'), id);
create index schedules_by_priority  on schedules (priority_level, id);
create index schedules_by_active    on schedules (is_active, id);
create index schedules_of_author    on schedules (author);
create index schedules_search       on schedules using gin ((title || ' ' || coalesce(description, '')) gin_trgm_ops);

alter table tasks add schedule bigint references schedules on delete set null;
alter table schedules add constraint schedule_order foreign key (open_order) references tasks on delete set null;
create index schedules_open_order on schedules (open_order) where open_order is not null;
create index tasks_of_schedule    on tasks (schedule) where schedule is not null;

-- an order that was given to somebody else is theirs without end
update tasks set claimed_until = '9999-12-31 23:59:59Z'
 where equipment is not null and "user" <> author and status in ('Pending', 'In Progress');

-- lists show work orders first, and of one's own tasks the others: counted in the index
drop index tasks_of_author, tasks_assigned;
create index tasks_of_author on tasks (author, id) include (equipment);
create index tasks_assigned  on tasks ("user", id) include (author, equipment) where author <> "user";

-- filters: every one has its index, and what begins with an equal value comes in the order of ids
create index tasks_by_status   on tasks (status, id);
create index tasks_by_priority on tasks (priority_level, id);
create index work_orders_by_status on tasks (status, priority_level, id) where equipment is not null;
create statistics tasks_kinds (mcv) on status, priority_level from tasks;
create index tasks_no_orders   on tasks (id) where equipment is null;
create index tasks_search      on tasks using gin ((title || ' ' || coalesce(description, '')) gin_trgm_ops);
create index tasks_open_of_equipment on tasks (equipment) where equipment is not null and status in ('Pending', 'In Progress');
-- which order is next: the most urgent, then the earliest due; those that are assigned for good are not looked at
create index tasks_to_claim on tasks
    ((case priority_level when 'Critical' then 1 when 'High' then 2 when 'Medium' then 3 else 4 end), coalesce(due_date, 'infinity'), id)
    where equipment is not null and status in ('Pending', 'In Progress') and coalesce(claimed_until, '-infinity') < '9999-12-31';

-- What was done: one record for each work order that is complete. Inserting one completes the order, deleting reopens it.
create table maintenance (
    id           bigint generated always as identity primary key,
    task         bigint        not null constraint order_done unique constraint no_such_task references tasks,
    equipment    bigint        not null constraint no_such_equipment references equipment,
    technician   bigint        not null constraint no_such_technician references users,
    performed_at timestamptz   not null default now(),
    description  text          not null,
    findings     text,
    hours_spent  numeric(12,2) constraint hours_spent_not_negative check (hours_spent >= 0),
    cost         numeric(12,2) constraint cost_not_negative check (cost >= 0),
    parts        jsonb         not null default '[]' constraint parts_list check (jsonb_typeof(parts) = 'array'),
    created_at   timestamptz   not null default now(),
    updated_at   timestamptz   not null default now(),
    version      integer       not null default 1
);
create index maintenance_of_equipment  on maintenance (equipment, id);
create index maintenance_of_technician on maintenance (technician, id);
create index maintenance_by_time       on maintenance (performed_at, id);
create index maintenance_by_time_of_equipment on maintenance (equipment, performed_at);
create index maintenance_search        on maintenance using gin ((description || ' ' || coalesce(findings, '')) gin_trgm_ops);

-- The first answer to a POST with an Idempotency-Key, stored in the transaction that did the work.
create table idempotency_keys (
    user_id    bigint      not null references users on delete cascade,
    route      text        not null,
    key        text        not null,
    digest     text        not null,  -- of path, query and body
    status     integer,
    headers    jsonb,
    body       text,
    created_at timestamptz not null default now(),
    primary key (user_id, route, key)
);
create index idempotency_keys_old on idempotency_keys (created_at);

-- people are found by any part of their names
create index users_search on users using gin ((username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
create index users_by_username   on users (username, id);
create index users_by_first_name on users (first_name, id);
create index users_by_last_name  on users (last_name, id);
-- whether another one is left
create index users_superusers on users (id) where is_superuser and is_active;
-- the trail of one row and of one table, newest first
create index audit_of_row_by_time on audit (row_id, at, id);
create index audit_of_table on audit (table_name, at, id);
drop index audit_of_row;
