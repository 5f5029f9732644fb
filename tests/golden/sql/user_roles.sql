-- GET /api/v1/users/{user_id}/roles
-- $1 system.session_key $2 path.user_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.assign' = any (s.permissions) as "roles.assign",
           'users.view_private' = any (s.permissions) as "users.view_private",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.assign" then '{"code": "permission_missing"}'::jsonb
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       (select coalesce(jsonb_agg(r.name order by r.name), '[]')
       from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id),
       (select coalesce(jsonb_agg(p.code order by p.code), '[]') from permissions p
       where it.is_superuser
          or p.code in (select held.code from user_permissions held where held.user_id = it.id)),
       it."version"
  from (values (true)) as one left join me on true
  left join users it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null and me."roles.assign";

-- PUT /api/v1/users/{user_id}/roles, the lock that it takes first
-- $1 system.session_key
select pg_advisory_xact_lock(lock_number('serialized')) from sessions where key = $1::bytea and ended_as is null;

-- PUT /api/v1/users/{user_id}/roles
-- $1 system.ip $2 system.session_key $3 body.roles $4 system.if_match $5 path.user_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.assign' = any (s.permissions) as "roles.assign",
           'users.view_private' = any (s.permissions) as "users.view_private",
           s.permissions as codes,
           s.is_superuser,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                             from (select array_remove(array[
                                       case when exists (
                                       select from jsonb_array_elements_text($3::jsonb) given where given not in (select r.name from roles r)) then 'no_such_role' end], null) as names
                                   offset 0) found
                            where found.names <> '{}'),
                          case when it.id = me.id and me.kind <> 'session' then '{"code": "session_required"}'::jsonb
                               when it.id <> me.id and exists (
                                    select from users account
                                     where account.id = it.id
                                       and (account.is_superuser and not me.is_superuser
                                            or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes))))
                                 then '{"code": "stronger_account"}'::jsonb
                               when exists (
                                    select from roles r join role_permissions rp on rp.role_id = r.id
                                     where r.name in (select jsonb_array_elements_text($3::jsonb)) and rp.code <> all (me.codes)
                                       and not exists (select from user_roles ur where ur.user_id = it.id and ur.role_id = r.id))
                                 then '{"code": "role_lacking"}'::jsonb
                               when not it.version = any ($4::integer[]) then '{"code": "stale"}'::jsonb end) as refusal
      from me join users it
               on it.id = $5::bigint
              and (true)
     where me.denied_as is null and me."roles.assign"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
taken as (
    delete from user_roles ur using authorized, roles r
     where $3::jsonb is not null and ur.user_id = authorized.id and r.id = ur.role_id
       and r.name not in (select jsonb_array_elements_text($3::jsonb))
    returning ur.role_id
), handed as (
    insert into user_roles (user_id, role_id)
    select authorized.id, r.id
      from authorized join roles r on r.name in (select jsonb_array_elements_text($3::jsonb))
    on conflict do nothing
    returning role_id
),
answer as (
    update users it
       set ("updated_at") = (
               select case when exists (select from taken) or exists (select from handed) then now() else it.updated_at end
                 from (select ) input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.assign" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       
       coalesce(sorted_names($3::jsonb),
                (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                   from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)),
       (select coalesce(jsonb_agg(p.code order by p.code), '[]') from permissions p
       where it.is_superuser
          or p.code in (select rp.code from roles r join role_permissions rp on rp.role_id = r.id
                         where r.name in (select jsonb_array_elements_text($3::jsonb)))),
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

