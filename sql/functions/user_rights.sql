-- Keeps the rights of each session beside the session, so that a request finds its caller by one probe of one index.
--
-- A right that was taken away is never honoured by a statement that begins after the commit that took it. Each change of
-- rights, and each start of a session, first locks the user. What is computed after the lock sees everything that was
-- committed before, and the next one waits for it. The lock is the one that an update of the user takes. A change that gives
-- a role, or changes its permissions, locks the role before the users.
--
-- All functions are security definer: no handler may write these columns. All triggers are `enable always`, so that a program
-- that loads data with triggers disabled (session_replication_role = replica) does not load sessions without rights.

-- Refuses transactions whose statements do not see what was committed while they waited for a lock.
create or replace function check_isolation() returns void language plpgsql as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using errcode = 'feature_not_supported',
            message = 'rights and sessions are changed by transactions that are read committed, not ' || current_setting('transaction_isolation');
    end if;
end $$;

-- The permissions of the account, in alphabetical order: those of its roles, and for a superuser all.
create or replace function permissions_of(whose bigint, is_superuser boolean) returns text[] stable language sql as $$
    select coalesce(array_agg(p.code order by p.code), '{}')
      from permissions p
     where is_superuser
        or exists (select from user_roles ur join role_permissions rp using (role_id) where ur.user_id = whose and rp.code = p.code)
$$;

-- Stores the rights of these users in their sessions.
create or replace function refresh_sessions(whose bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform check_isolation();
    -- a fresh snapshot after the locks: it has every session and every role that was committed before them
    perform from users where id = any (whose) order by id for no key update;
    with rights as materialized (
        select u.id, u.is_superuser, permissions_of(u.id, u.is_superuser) as permissions from users u where u.id = any (whose)
    ), kept as (
        select s.id, r.is_superuser and s.codes is null as is_superuser,
               case when s.codes is null then r.permissions
                    else array(select code from unnest(r.permissions) code where code = any (s.codes) order by code) end as permissions
          from rights r join sessions s on s.user_id = r.id
         where s.ended_as is null
    )
    update sessions s
       set is_superuser = kept.is_superuser, permissions = kept.permissions
      from kept
     where s.id = kept.id and (s.is_superuser, s.permissions) is distinct from (kept.is_superuser, kept.permissions);
end $$;
revoke execute on function refresh_sessions(bigint[]) from public;

-- A new session, and one that had ended and is live again, has the rights of its user at this moment. If the account was
-- deactivated in the meantime, the session has ended.
create or replace function start_with_rights() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    account users;
begin
    perform check_isolation();
    select * into account from users where id = new.user_id for no key update;
    new.is_superuser := coalesce(account.is_superuser, false) and new.codes is null;
    new.permissions := permissions_of(new.user_id, coalesce(account.is_superuser, false));
    if new.codes is not null then
        new.permissions := array(select code from unnest(new.permissions) code where code = any (new.codes) order by code);
    end if;
    if not account.is_active and new.ended_as is null then
        new.ended_at := now();
        new.ended_as := 'session_ended';
    end if;
    return new;
end $$;

-- After a change of the roles of users: `taken` has the rows of user_roles before it, `given` those after it.
create or replace function roles_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    ids bigint[];
begin
    if tg_op <> 'DELETE' then
        -- waits for a change of the permissions of the role that does not see this user yet
        perform from roles where id in (select role_id from given) order by id for share;
    end if;
    case tg_op when 'INSERT' then ids := array(select distinct user_id from given);
               when 'DELETE' then ids := array(select distinct user_id from taken);
               else ids := array(select user_id from given union select user_id from taken); end case;
    perform refresh_sessions(ids);
    return null;
end $$;

-- After a change of the permissions of roles: `taken` has the rows of role_permissions before it, `given` those after it.
create or replace function role_permissions_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    ids bigint[];
begin
    case tg_op when 'INSERT' then ids := array(select distinct role_id from given);
               when 'DELETE' then ids := array(select distinct role_id from taken);
               else ids := array(select role_id from given union select role_id from taken); end case;
    -- A user who gets the role at the same time is seen after this. Not `for update`: two transactions that add permissions
    -- to one role hold its row by the foreign key, and would wait for each other.
    perform from roles where id = any (ids) order by id for no key update;
    -- `offset 0` keeps this a lookup for each role: most users have one role, and most roles have few users
    perform refresh_sessions(array(
        select distinct holder.user_id
          from unnest(ids) id cross join lateral (select ur.user_id from user_roles ur where ur.role_id = id offset 0) holder));
    return null;
end $$;

-- After a change of the table permissions, at a deployment: superusers have all of them. Users whose roles have them are
-- among those whose rights change, because with triggers disabled a removal does not reach role_permissions.
create or replace function permissions_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    changed text[];
begin
    case tg_op when 'INSERT' then changed := array(select code from given);
               when 'DELETE' then changed := array(select code from taken);
               else changed := array((select code from given except select code from taken)
                                     union all (select code from taken except select code from given)); end case;
    if changed = '{}' then return null; end if;
    -- waits for accounts that become superusers at the same time, and keeps others waiting
    lock table users in share row exclusive mode;
    perform refresh_sessions(array(
        select id from users where is_superuser
        union
        select ur.user_id from role_permissions rp join user_roles ur using (role_id) where rp.code = any (changed)));
    return null;
end $$;

-- After `truncate` of a table of rights.
create or replace function rights_truncated() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform refresh_sessions(array(select distinct user_id from sessions where ended_as is null));
    return null;
end $$;

create or replace function superuser_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform refresh_sessions(array[new.id]);
    return null;
end $$;

-- `before`, because a statement that follows in the same transaction uses the session. The names sort before all others, so
-- that the audit trail has the row as it is stored.
create or replace trigger a_rights before insert or update of user_id, codes on sessions for each row execute function start_with_rights();
create or replace trigger a_rights_again before update of ended_as on sessions for each row
    when (old.ended_as is not null and new.ended_as is null) execute function start_with_rights();
create or replace trigger rights_given after insert on user_roles referencing new table as given for each statement execute function roles_changed();
create or replace trigger rights_taken after delete on user_roles referencing old table as taken for each statement execute function roles_changed();
create or replace trigger rights_changed after update on user_roles referencing old table as taken new table as given for each statement execute function roles_changed();
create or replace trigger rights_given after insert on role_permissions referencing new table as given for each statement execute function role_permissions_changed();
create or replace trigger rights_taken after delete on role_permissions referencing old table as taken for each statement execute function role_permissions_changed();
create or replace trigger rights_changed after update on role_permissions referencing old table as taken new table as given for each statement execute function role_permissions_changed();
create or replace trigger rights_given after insert on permissions referencing new table as given for each statement execute function permissions_changed();
create or replace trigger rights_taken after delete on permissions referencing old table as taken for each statement execute function permissions_changed();
create or replace trigger rights_changed after update on permissions referencing old table as taken new table as given for each statement execute function permissions_changed();
create or replace trigger rights_truncated after truncate on user_roles       for each statement execute function rights_truncated();
create or replace trigger rights_truncated after truncate on role_permissions for each statement execute function rights_truncated();
create or replace trigger rights_truncated after truncate on permissions      for each statement execute function rights_truncated();
create or replace trigger rights_changed after update of is_superuser on users for each row when (old.is_superuser <> new.is_superuser) execute function superuser_changed();
-- only for programs that load data with triggers disabled: a session can be loaded before its user
create or replace trigger rights_loaded after insert on users for each row execute function superuser_changed();
alter table sessions         enable always trigger a_rights, enable always trigger a_rights_again;
alter table user_roles       enable always trigger rights_given, enable always trigger rights_taken,
                             enable always trigger rights_changed, enable always trigger rights_truncated;
alter table role_permissions enable always trigger rights_given, enable always trigger rights_taken,
                             enable always trigger rights_changed, enable always trigger rights_truncated;
alter table permissions      enable always trigger rights_given, enable always trigger rights_taken,
                             enable always trigger rights_changed, enable always trigger rights_truncated;
alter table users            enable always trigger rights_changed, enable replica trigger rights_loaded,
                             -- an account that is deactivated has no live session; requests rely on it
                             enable always trigger end_sessions;

-- the sessions that were here before these triggers, or that were loaded without them
do $$ begin perform refresh_sessions(array(select distinct user_id from sessions where ended_as is null)); end $$;
