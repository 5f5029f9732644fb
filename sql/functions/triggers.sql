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

-- Writes the audit trail: user, session and address, and the old and new values of the columns that changed.
-- Arguments: the column with the row's id, and the columns that are left out because they are secret or not important
-- enough. security definer, because no handler's role may write the table audit.
create or replace function audit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    caller jsonb;  -- user, session and address; see set_caller()
    hidden text[] := tg_argv[1];
    before jsonb;
    after  jsonb;
    row_id bigint;
begin
    if tg_op = 'UPDATE' and new is not distinct from old then return null; end if;
    if tg_op <> 'INSERT' then before := to_jsonb(old) - hidden; row_id := (before -> tg_argv[0])::bigint; end if;
    if tg_op <> 'DELETE' then after  := to_jsonb(new) - hidden; row_id := (after  -> tg_argv[0])::bigint; end if;
    if tg_op = 'UPDATE' then
        if before = after then return null; end if;
        select jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, after -> o.key)
          into before, after
          from jsonb_each(before) o
         where o.value is distinct from after -> o.key;
    end if;
    caller := nullif(current_setting('fettle.caller', true), '')::jsonb;
    insert into audit (user_id, session_id, ip, operation, table_name, row_id, old, new)
    values ((caller ->> 0)::bigint, (caller ->> 1)::bigint, caller ->> 2, lower(tg_op), tg_table_name, row_id, before, after);
    return null;
end $$;

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

create or replace trigger audit after insert or update or delete on users            for each row execute function audit('id', '{version,updated_at,last_login}');
create or replace trigger audit after insert or update or delete on profiles         for each row execute function audit('id', '{version,updated_at}');
create or replace trigger audit after insert or update or delete on credentials      for each row execute function audit('user_id', '{password_hash}');
create or replace trigger audit after insert or update or delete on roles            for each row execute function audit('id', '{version,updated_at}');
create or replace trigger audit after insert or update or delete on role_permissions for each row execute function audit('role_id', '{}');
create or replace trigger audit after insert or update or delete on user_roles       for each row execute function audit('user_id', '{}');
create or replace trigger audit after insert or update or delete on sessions         for each row execute function audit('id', '{key,refresh_family,refresh_key,last_used_at,expires_at,version}');
create or replace trigger audit after insert or update or delete on equipment        for each row execute function audit('id', '{version,updated_at,usage_hours,usage_read_at,maintenance_count,maintenance_hours,maintenance_cost}');
create or replace trigger audit after insert or update or delete on readings         for each row execute function audit('id', '{}');
create or replace trigger audit after insert or update or delete on schedules        for each row execute function audit('id', '{version,updated_at}');
create or replace trigger audit after insert or update or delete on maintenance      for each row execute function audit('id', '{version,updated_at}');
create or replace trigger audit after insert or update or delete on tasks            for each row execute function audit('id', '{version,updated_at}');
-- the text of a message is private, so the trail only records that it was sent
create or replace trigger audit after insert or delete on messages                   for each row execute function audit('id', '{subject,body}');
create or replace trigger audit after insert or update or delete on message_copies   for each row execute function audit('message', '{version}');
create or replace trigger audit after insert or update or delete on reports          for each row execute function audit('id', '{version,updated_at}');
create or replace trigger audit after insert or update or delete on documents        for each row execute function audit('id', '{version,updated_at}');
