-- GET /api/v1/equipment/{equipment_id}/readings
-- $1 system.session_key $2 path.equipment_id $3 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
),
parent as materialized (
    select it.*
      from me join equipment it
                on it.id = $2::bigint
               and (true)
     where me.denied_as is null
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from readings it
                 where (true)
                        and it.equipment = $2::bigint
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null and exists (select from parent)
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from readings it
                         where (true)
                                and it.equipment = $2::bigint
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and exists (select from parent)
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when parent.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."equipment",
       it."hours",
       it."read_at",
       it."technician",
       it."created_at",
       it."version"
  from (values (true)) as one left join me on true
  left join parent on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/equipment/{equipment_id}/readings, filtered, after a cursor
-- $1 system.session_key $2 path.equipment_id $3 filter.read_at $4 cursor.id $5 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
),
parent as materialized (
    select it.*
      from me join equipment it
                on it.id = $2::bigint
               and (true)
     where me.denied_as is null
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from readings it
                 where (true)
                        and it.equipment = $2::bigint
                        and it."read_at" = $3
                        and (it.id) < ($4)
                 order by it.id desc limit $5)
           ) it
     where me.denied_as is null and exists (select from parent)
     order by it.id desc limit $5
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when parent.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
       it."id",
       it."equipment",
       it."hours",
       it."read_at",
       it."technician",
       it."created_at",
       it."version"
  from (values (true)) as one left join me on true
  left join parent on true
  left join page it on true
 order by it.id desc;

-- POST /api/v1/equipment/{equipment_id}/readings
-- $1 system.ip $2 system.session_key $3 path.equipment_id $4 body.hours $5 body.read_at
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
parent as materialized (
    select it.*
      from me join equipment it
                on it.id = $3::bigint
               and (true)
     where me.denied_as is null and me."maintenance.create"
       for no key update of it
),
target as materialized (
    select input.*,
           coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                       from (select array_remove(array[
                                 case when is_in_future(input.read_at) then 'in_future' end], null) as names
                             offset 0) found
                      where found.names <> '{}')) as refusal
      from me cross join (select (null::readings).*) it
     cross join (select $4::numeric as "hours",
                        $5::timestamptz as "read_at") input
      left join parent equipment on true
     where me.denied_as is null and me."maintenance.create"
),
authorized as (
    select target.* from target, parent
     where target.refusal is null
),
answer as (
    insert into readings ("equipment", "technician", "read_at", "hours")
    select equipment.id,
           me.id,
           least(input.read_at, clock_timestamp()),
           input."hours"
      from authorized input cross join me cross join parent equipment
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb
            when parent.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."hours",
       it."read_at",
       it."technician",
       it."created_at",
       it."version"
  from (values (true)) as one left join me on true
  left join parent on true
  left join target on true left join answer it on true;

-- POST /api/v1/equipment/{equipment_id}/readings, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
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
     where me.denied_as is null and me."maintenance.create"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/equipment/{equipment_id}/readings/{reading_id}
-- $1 system.session_key $2 path.reading_id $3 path.equipment_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."hours",
       it."read_at",
       it."technician",
       it."created_at",
       it."version"
  from (values (true)) as one left join me on true
  left join readings it
              on it.id = $2::bigint
             and (true) and it.equipment = $3::bigint
        and me.denied_as is null;

-- DELETE /api/v1/equipment/{equipment_id}/readings/{reading_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.reading_id $5 path.equipment_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'equipment.edit' = any (s.permissions) as "equipment.edit",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join readings it
               on it.id = $4::bigint
              and (true) and it.equipment = $5::bigint
     where me.denied_as is null and me."equipment.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from readings it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."equipment.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

