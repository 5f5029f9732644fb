-- Facts that many statements repeat, each under one name.
--
-- All but lock_number() are single SQL expressions that PostgreSQL inlines: a call costs nothing and plans do not change.
-- That needs exactly this form: language sql, one SELECT without FROM, no SET, not strict, not security definer. They are
-- parallel safe, or a call would keep its whole query from a parallel plan. tests/live/facts.py checks all of it.

-- The value of the setting fettle.caller, from which the trigger audit() reads who makes the changes of this transaction:
-- user, session and address. A null is unknown: there is no user before a login, and no session for the command `fettle`,
-- which puts its own name in place of the address. Returns the value. Call it before the first change is made.
create or replace function set_caller(user_id bigint, session_id bigint, ip text) returns text
language sql volatile as $$
    select set_config('fettle.caller', jsonb_build_array(user_id, session_id, ip)::text, true)
$$;

-- Whether there is still work to do on a task with this status. The list and its order are those of the partial indexes
-- over open tasks (sql/tables/004 and 005): after inlining, PostgreSQL recognizes their condition.
create or replace function is_open(status text) returns boolean
language sql immutable parallel safe as $$
    select status in ('Pending', 'In Progress')
$$;

-- How urgent a task is: the most urgent has the lowest number. It is the first column of the index tasks_to_claim
-- (sql/tables/004), word for word, so that the next work order is found by that index.
create or replace function urgency(priority_level text) returns integer
language sql immutable parallel safe as $$
    select case priority_level when 'Critical' then 1 when 'High' then 2 when 'Medium' then 3 else 4 end
$$;

-- The value of tasks.claimed_until of an order that was assigned to somebody: a claim without end. The API shows it, so it
-- is the last second that RFC 3339 can write, and not 'infinity'.
-- The index tasks_to_claim leaves these orders out by coalesce(claimed_until, '-infinity') < '9999-12-31'. Statements that
-- are to use the index repeat that condition as it is there.
create or replace function without_end() returns timestamptz
language sql immutable parallel safe as $$
    select timestamptz '9999-12-31 23:59:59Z'
$$;

-- The number of each advisory lock. Numbers never change: during an upgrade, programs of two releases run side by side.
-- PostgreSQL computes a call with a constant name when it plans, so what runs is the number.
-- plpgsql, because a name that is not in the list must be an error: a lock with the number null locks nothing.
create or replace function lock_number(name text) returns integer
language plpgsql immutable parallel safe as $$
begin
    case name
        -- one `fettle migrate` at a time. It writes the number itself: it takes the lock before this function exists
        when 'migrating'  then return 5720;
        -- requests of endpoints that work on one at a time
        when 'serialized' then return 5721;
        -- one audit_seal() at a time
        when 'sealing'    then return 5722;
        -- a stored file, with hashtext(sha256) as second key: shared by requests that keep the file, exclusive for its
        -- removal. A lock with two keys is another one than a lock with one, so 'sealing' does not conflict
        when 'storage'    then return 5722;
        else raise exception 'there is no advisory lock with the name "%"', name;
    end case;
end $$;

-- Whether a moment that a client gives has not come yet; five minutes are left for its clock.
create or replace function is_in_future(moment timestamptz) returns boolean
language sql stable parallel safe as $$
    select moment > now() + interval '5 minutes'
$$;

-- A list of names in order, as an answer shows it; null where there is none. (Not inlined: it has a FROM. It reads no table.)
create or replace function sorted_names(names jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case when names is not null
                then (select coalesce(jsonb_agg(name order by name), '[]') from jsonb_array_elements_text(names) name) end
$$;
