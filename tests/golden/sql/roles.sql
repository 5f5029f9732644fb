-- GET /api/v1/roles
-- $1 system.session_key $2 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.view' = any (s.permissions) as "roles.view",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from roles it
                 where (true)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null and me."roles.view"
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from roles it
                         where (true)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and me."roles.view"
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.view" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."name",
       it."description",
       (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
       from role_permissions rp where rp.role_id = it.id),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/roles, filtered, after a cursor
-- $1 system.session_key $2 filter.name $3 cursor.id $4 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.view' = any (s.permissions) as "roles.view",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from roles it
                 where (true)
                        and it."name" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
           ) it
     where me.denied_as is null and me."roles.view"
     order by it.id desc limit $4
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.view" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
       it."id",
       it."name",
       it."description",
       (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
       from role_permissions rp where rp.role_id = it.id),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/roles, searched
-- $1 system.session_key $2 filter.search $3 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.view' = any (s.permissions) as "roles.view",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
),
sought as materialized (
    select * from fold_words($2)
),
page as (
    select it.*
      from me cross join lateral (
               (select it.*, true as has_texts from roles it
                 where (true)
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from fold(concat_ws(' ', it."name", it."description")) texts (folded))
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null and me."roles.view"
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from roles it
                         where (true)
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from fold(concat_ws(' ', it."name", it."description")) texts (folded))
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and me."roles.view"
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.view" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."name",
       it."description",
       (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
       from role_permissions rp where rp.role_id = it.id),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/roles
-- $1 system.ip $2 system.session_key $3 body.permissions $4 body.name $5 body.description
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.edit' = any (s.permissions) as "roles.edit",
           s.permissions as codes,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select input.*,
           coalesce(coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                from (select array_remove(array[
                                          case when exists (
                                          select from jsonb_array_elements_text($3::jsonb) given
                                           where given not in (select p.code from permissions p)) then 'no_such_permission' end], null) as names
                                      offset 0) found
                               where found.names <> '{}'),
                             case when exists (
                                       select from jsonb_array_elements_text($3::jsonb) given join permissions p on p.code = given
                                        where p.code <> all (me.codes))
                                    then '{"code": "permission_lacking"}'::jsonb end)) as refusal
      from me cross join (select (null::roles).*) it
     cross join (select $4::text as "name",
                        $5::text as "description") input
     where me.denied_as is null and me."roles.edit"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into roles ("name", "description")
    select input."name",
           input."description"
      from authorized input cross join me
    returning *
),
held as (
    insert into role_permissions (role_id, code)
    select answer.id, given from answer, jsonb_array_elements_text($3::jsonb) given
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.edit" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       it."description",
       coalesce(sorted_names($3::jsonb),
                (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
                   from role_permissions rp where rp.role_id = it.id)),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/roles, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.edit' = any (s.permissions) as "roles.edit",
           s.permissions as codes,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
taken as (
    insert into idempotency_keys (user_id, route, key, digest)
    select me.id, $3::text, $4::text, $5::text from me
     where me.denied_as is null and me."roles.edit"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/roles/{role_id}
-- $1 system.session_key $2 path.role_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.view' = any (s.permissions) as "roles.view",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.view" then '{"code": "permission_missing"}'::jsonb
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       it."description",
       (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
       from role_permissions rp where rp.role_id = it.id),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join roles it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null and me."roles.view";

-- PUT PATCH /api/v1/roles/{role_id}, the lock that it takes first
-- $1 system.session_key
select pg_advisory_xact_lock(lock_number('serialized')) from sessions where key = $1::bytea and ended_as is null;

-- PUT PATCH /api/v1/roles/{role_id}
-- $1 system.ip $2 system.session_key $3 body.permissions $4 system.if_match $5 sent.name $6 body.name
-- $7 sent.description $8 body.description $9 path.role_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.edit' = any (s.permissions) as "roles.edit",
           s.permissions as codes,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, (select coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                     from (select array_remove(array[
                                               case when exists (
                                               select from jsonb_array_elements_text($3::jsonb) given
                                                where given not in (select p.code from permissions p)) then 'no_such_permission' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when exists (select from role_permissions rp where rp.role_id = it.id and rp.code <> all (me.codes))
                                         then '{"code": "stronger_role"}'::jsonb
                                       when exists (
                                            select from jsonb_array_elements_text($3::jsonb) given join permissions p on p.code = given
                                             where p.code <> all (me.codes))
                                         then '{"code": "permission_lacking"}'::jsonb
                                       when not it.version = any ($4::integer[]) then '{"code": "stale"}'::jsonb
                                       when it.built_in and input.name <> it.name then '{"code": "built_in"}'::jsonb end)
                    from (select case when $5::boolean then $6::text else it."name" end as "name",
                                 case when $7::boolean then $8::text else it."description" end as "description") input) as refusal
      from me join roles it
               on it.id = $9::bigint
              and (true)
     where me.denied_as is null and me."roles.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
taken as (
    delete from role_permissions rp using authorized
     where $3::jsonb is not null and rp.role_id = authorized.id
       and rp.code not in (select jsonb_array_elements_text($3::jsonb))
    returning rp.code
), held as (
    insert into role_permissions (role_id, code)
    select authorized.id, given from authorized, jsonb_array_elements_text($3::jsonb) given
    on conflict do nothing
    returning code
),
answer as (
    update roles it
       set ("updated_at", "name", "description") = (
               select case when exists (select from taken) or exists (select from held) then now() else it.updated_at end,
                      input."name",
                      input."description"
                 from (select case when $5::boolean then $6::text else it."name" end as "name",
                              case when $7::boolean then $8::text else it."description" end as "description") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       it."description",
       coalesce(sorted_names($3::jsonb),
                (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
                   from role_permissions rp where rp.role_id = it.id)),
       it."built_in",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/roles/{role_id}, the lock that it takes first
-- $1 system.session_key
select pg_advisory_xact_lock(lock_number('serialized')) from sessions where key = $1::bytea and ended_as is null;

-- DELETE /api/v1/roles/{role_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.role_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.edit' = any (s.permissions) as "roles.edit",
           s.permissions as codes,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when exists (select from role_permissions rp where rp.role_id = it.id and rp.code <> all (me.codes))
                        then '{"code": "stronger_role"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when it.built_in then '{"code": "built_in"}'::jsonb
                      when exists (select from user_roles ur where ur.role_id = it.id)
                        then '{"code": "role_in_use"}'::jsonb end as refusal
      from me join roles it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null and me."roles.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from roles it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."roles.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

