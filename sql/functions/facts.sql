-- Functions for facts that many statements need, so that each fact is defined once.
--
-- All except lock_number() and sorted_names() are single SQL expressions that PostgreSQL inlines, so a call costs nothing
-- and plans do not change. Inlining requires exactly this form: language sql, one SELECT without FROM, no SET, not strict,
-- not security definer. They are parallel safe, because otherwise a call would prevent a parallel plan of its whole query.
-- tests/live/facts.py checks all of this.

-- Sets fettle.caller, from which the trigger audit() reads who makes the changes of this transaction: user, session and
-- address. Null means unknown: there is no user before a login, and no session for the command `fettle`, which uses its own
-- name instead of the address. Returns the value. Call it before the first change is made.
create or replace function set_caller(user_id bigint, session_id bigint, ip text) returns text
language sql volatile as $$
    select set_config('fettle.caller', jsonb_build_array(user_id, session_id, ip)::text, true)
$$;

-- Whether a task with this status is open, which means not finished. The list and its order are the same as in the partial
-- indexes over open tasks (sql/tables/004 and 005), so that PostgreSQL recognizes their condition after inlining.
create or replace function is_open(status text) returns boolean
language sql immutable parallel safe as $$
    select status in ('Pending', 'In Progress')
$$;

-- How urgent a task is; the most urgent has the lowest number. The first column of the index tasks_to_claim (sql/tables/004)
-- has the same expression, exactly as it is here, so that the next work order is found by that index.
create or replace function urgency(priority_level text) returns integer
language sql immutable parallel safe as $$
    select case priority_level when 'Critical' then 1 when 'High' then 2 when 'Medium' then 3 else 4 end
$$;

-- The value of tasks.claimed_until for an order that was assigned to a user: a claim without end. The API shows it, so it is
-- the last second that RFC 3339 can express, and not 'infinity'.
-- The index tasks_to_claim leaves these orders out by coalesce(claimed_until, '-infinity') < '9999-12-31'. Statements that
-- should use the index must repeat that condition exactly.
create or replace function without_end() returns timestamptz
language sql immutable parallel safe as $$
    select timestamptz '9999-12-31 23:59:59Z'
$$;

-- The number of each advisory lock. Numbers never change, because programs of two releases run side by side during an
-- upgrade. PostgreSQL evaluates a call with a constant name at planning time, so the plan contains only the number.
-- It is plpgsql, so that an unknown name is an error: a lock with the number null would lock nothing.
create or replace function lock_number(name text) returns integer
language plpgsql immutable parallel safe as $$
begin
    case name
        -- only one `fettle migrate` at a time. It has the number in its own code, because it takes the lock before this
        -- function exists
        when 'migrating'  then return 5720;
        -- requests of serialized endpoints, which handle one request at a time
        when 'serialized' then return 5721;
        -- only one audit_seal() at a time
        when 'sealing'    then return 5722;
        -- a stored file, with hashtext(sha256) as second key: shared by requests that keep the file, exclusive for its
        -- removal. Locks with two keys and locks with one key are different, so 'sealing' does not conflict
        when 'storage'    then return 5722;
        else raise exception 'there is no advisory lock with the name "%"', name;
    end case;
end $$;

-- Whether a time that a client sends is in the future. Five minutes are tolerated, because the client's clock may be ahead.
create or replace function is_in_future(moment timestamptz) returns boolean
language sql stable parallel safe as $$
    select moment > now() + interval '5 minutes'
$$;

-- A list of names in alphabetical order, for answers; null if there is no list. (It is not inlined, because it has a FROM.
-- It reads no table.)
create or replace function sorted_names(names jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case when names is not null
                then (select coalesce(jsonb_agg(name order by name), '[]') from jsonb_array_elements_text(names) name) end
$$;
