-- Triggers of all tables: versions and times of change, the audit trail, and the effects of a change of an account.

-- Increments the version of a row whose values change. An update that changes no value has no effect.
-- Arguments: columns whose changes are ignored.
create or replace function touch() returns trigger language plpgsql as $$
begin
    if new is distinct from old and (tg_nargs = 0 or to_jsonb(new) - tg_argv::text[] <> to_jsonb(old) - tg_argv::text[]) then
        new.version    := old.version + 1;
        new.updated_at := now();
    end if;
    return new;
end $$;

-- Makes the trigger that writes the audit trail of a table: who (set_caller()), from where, and the old and new values of the
-- columns that changed. `hidden` columns are left out, because they are secret or not important enough.
--
-- The trigger function is generated with the names of the columns in its text. That costs half of what a function for all
-- tables costs, which turns both rows into JSON and compares them key by key: of a create 74 µs instead of 123, of a
-- completion 90 instead of 213 (PostgreSQL 15, CPU of the server, indexes of the trail included). `fettle migrate` generates
-- all of them again, so a new column is in the trail from the deployment on that adds it.
-- security definer, because no handler's role may write the table audit.
create or replace function audited(whose regclass, id_column name, hidden name[], events text default 'insert or update or delete')
returns void language plpgsql set search_path = public, pg_temp as $make$
declare
    columns name[] := array(select attname from pg_attribute
                             where attrelid = whose and attnum > 0 and not attisdropped and attname <> all (hidden) order by attnum);
    changes text := (select string_agg(format($line$
        if old.%1$I is distinct from new.%1$I then
            before := before || jsonb_build_object(%1$L, old.%1$I);
            after := after || jsonb_build_object(%1$L, new.%1$I);
        end if;$line$, c), '') from unnest(columns) c);
    old_row text := (select string_agg(format('%1$L, old.%1$I', c), ', ') from unnest(columns) c);
    new_row text := (select string_agg(format('%1$L, new.%1$I', c), ', ') from unnest(columns) c);
begin
    -- each column is two arguments of jsonb_build_object(), and a function of PostgreSQL has at most 100
    if cardinality(columns) > 50 then raise 'the audit trail cannot have more than 50 columns of the table %', whose; end if;
    execute format($function$
create or replace function %1$I() returns trigger language plpgsql security definer set search_path = public, pg_temp as $trigger$
declare
    caller jsonb;  -- user, session and address; see set_caller()
    before jsonb := '{}';
    after  jsonb := '{}';
begin
    if tg_op = 'UPDATE' then%3$s
        if after = '{}' then return null; end if;
    elsif tg_op = 'INSERT' then
        before := null;
        after := jsonb_build_object(%5$s);
    else
        before := jsonb_build_object(%4$s);
        after := null;
    end if;
    caller := nullif(current_setting('fettle.caller', true), '');
    insert into audit (user_id, session_id, ip, operation, table_name, row_id, old, new)
    values ((caller ->> 0)::bigint, (caller ->> 1)::bigint, caller ->> 2, lower(tg_op), %2$L,
            case when tg_op = 'DELETE' then old.%6$I else new.%6$I end, before, after);
    return null;
end $trigger$
$function$, 'audit_' || whose::text, whose::text, changes, old_row, new_row, id_column);
    execute format('create or replace trigger audit after %s on %s for each row execute function %I()',
                   events, whose, 'audit_' || whose::text);
end $make$;
revoke execute on function audited(regclass, name, name[], text) from public;

-- Adds a profile to every new user, no matter how the account is created.
-- security definer, so that a handler that creates accounts needs no privilege to write profiles.
create or replace function add_profile() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into profiles (id) values (new.id);
    return null;
end $$;

-- Ends the sessions and tokens of a deactivated account permanently: they stay ended when the account is activated
-- again. security definer, so that a handler that deactivates accounts needs no privilege to end sessions.
create or replace function end_sessions() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update sessions set ended_at = now(), ended_as = 'session_ended' where user_id = new.id and ended_as is null;
    return null;
end $$;

-- Releases the work orders that a deactivated account has claimed, or that are assigned to it, so that they can be
-- claimed again.
-- security definer, so that a handler that deactivates accounts needs no privilege to write tasks.
create or replace function release_orders() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update tasks set "user" = author, claimed_until = null
     where "user" = new.id and equipment is not null and is_open(status) and claimed_until > now();
    return null;
end $$;

create or replace trigger add_profile  after insert on users for each row execute function add_profile();
create or replace trigger end_sessions after update of is_active on users for each row when (old.is_active and not new.is_active) execute function end_sessions();
create or replace trigger release_orders after update of is_active on users for each row when (old.is_active and not new.is_active) execute function release_orders();

create or replace trigger touch before update on users     for each row execute function touch('last_login');
create or replace trigger touch before update on profiles  for each row execute function touch();
create or replace trigger touch before update on roles     for each row execute function touch();
create or replace trigger touch before update on tasks     for each row execute function touch();
create or replace trigger touch before update on reports   for each row execute function touch();
create or replace trigger touch before update on documents for each row execute function touch();
create or replace trigger touch before update on schedules for each row execute function touch();
create or replace trigger touch before update on maintenance for each row execute function touch();
create or replace trigger touch before update on equipment for each row execute function touch('usage_hours', 'usage_read_at', 'maintenance_count', 'maintenance_hours', 'maintenance_cost');

select audited('users', 'id', '{version,updated_at,last_login}');
select audited('profiles', 'id', '{version,updated_at}');
select audited('credentials', 'user_id', '{password_hash}');
select audited('roles', 'id', '{version,updated_at}');
select audited('role_permissions', 'role_id', '{}');
select audited('user_roles', 'user_id', '{}');
select audited('sessions', 'id', '{key,refresh_family,refresh_key,last_used_at,expires_at,version,permissions,is_superuser}');
select audited('equipment', 'id', '{version,updated_at,usage_hours,usage_read_at,maintenance_count,maintenance_hours,maintenance_cost}');
select audited('readings', 'id', '{}');
select audited('schedules', 'id', '{version,updated_at}');
select audited('maintenance', 'id', '{version,updated_at}');
select audited('tasks', 'id', '{version,updated_at}');
-- the text of a message is private, so the trail only records that it was sent
select audited('messages', 'id', '{subject,body}', 'insert or delete');
select audited('message_copies', 'message', '{version}');
select audited('reports', 'id', '{version,updated_at}');
select audited('documents', 'id', '{version,updated_at}');

-- the trigger function of release 1.1, which served all tables
drop function if exists audit();
