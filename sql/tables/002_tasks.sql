-- Tasks, and the equipment that makes a task a work order.

create table equipment (
    id            bigint generated always as identity primary key,
    name          text        not null,
    serial_number text        not null constraint serial_number_taken unique,
    status        text        not null default 'Operational'
                  constraint equipment_status check (status in ('Operational', 'Under Maintenance', 'Out of Service', 'Retired')),
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    version       integer     not null default 1
);

create table tasks (
    id             bigint generated always as identity primary key,
    title          text        not null constraint title_length check (length(title) between 1 and 200),
    description    text,
    due_date       date,
    priority_level text        not null default 'Medium'
                   constraint task_priority check (priority_level in ('Low', 'Medium', 'High', 'Critical')),
    status         text        not null default 'Pending'
                   constraint task_status check (status in ('Pending', 'In Progress', 'Complete', 'Cancelled')),
    completed_at   timestamptz,
    author         bigint      not null constraint no_such_author references users,
    "user"         bigint      not null constraint no_such_user references users,
    equipment      bigint      constraint no_such_equipment references equipment,
    claimed_until  timestamptz,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    version        integer     not null default 1,
    constraint completed_when_complete check ((status = 'Complete') = (completed_at is not null))
);
-- one index for each way to see a task, ending on the id that pages are cut by
create index tasks_of_author      on tasks (author, id);
create index tasks_of_user        on tasks ("user", id);
create index tasks_assigned       on tasks ("user", id) where author <> "user";
create index tasks_of_equipment   on tasks (equipment, id) where equipment is not null;
create index tasks_work_orders    on tasks (id) where equipment is not null;
-- what a person has completed, newest first
create index tasks_completed      on tasks ("user", coalesce(completed_at, '-infinity') desc, id desc) where status = 'Complete';
-- the other orders of a list; null comes last, as infinity, in both directions
create index tasks_by_due_date      on tasks (coalesce(due_date, 'infinity'), id);
create index tasks_by_due_date_desc on tasks (coalesce(due_date, '-infinity'), id);
create index tasks_by_title         on tasks (title, id);
