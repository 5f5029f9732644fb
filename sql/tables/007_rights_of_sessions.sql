-- What a session may do, beside the session, so that one probe of one index finds a caller; and cheaper checks of tasks.

-- Kept by triggers (sql/functions/user_rights.sql), which also fill the rows that are here already. No handler may write them.
alter table sessions
    add permissions  text[]  not null default '{}',     -- what the session may do; of a token no more than its codes
    add is_superuser boolean not null default false;    -- that of the account; of a token with codes always false

-- PostgreSQL reads and plans the text of each check constraint in each insert and update again: four of them cost 27 µs of a
-- create and 45 of a completion, one call of a function half of that. The names of the old constraints stay as those of the
-- errors. A database function of its own, and not one of sql/functions, because a dump is loaded before those are.
create function check_task(title text, priority_level text, status text, completed_at timestamptz) returns boolean
immutable parallel safe language plpgsql as $$
declare
    broken text := case
        when length(title) not between 1 and 200 then 'title_length'
        when priority_level not in ('Low', 'Medium', 'High', 'Critical') then 'task_priority'
        when status not in ('Pending', 'In Progress', 'Complete', 'Cancelled') then 'task_status'
        when (status = 'Complete') <> (completed_at is not null) then 'completed_when_complete' end;
begin
    if broken is not null then
        raise exception using errcode = 'check_violation', constraint = broken, message = format('a task violates the constraint "%s"', broken);
    end if;
    return true;
end $$;
-- `not valid`: the rows that are here satisfy the old constraints. sql/online validates it.
alter table tasks
    add constraint valid_task check (check_task(title, priority_level, status, completed_at)) not valid,
    drop constraint title_length, drop constraint task_priority, drop constraint task_status, drop constraint completed_when_complete;
