-- POST /api/v1/tasks/{task_id}/claim
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.task_id $5 extra.hours
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when it.equipment is null then '{"code": "not_a_work_order"}'::jsonb
                      when it.status = 'Complete'
                        then jsonb_build_object('code', 'order_done', 'name', (select u.username from users u
                                                                              where u.id = coalesce((select m.technician from maintenance m where m.task = it.id), it."user")))
                      when it.status = 'Cancelled' then '{"code": "order_cancelled"}'::jsonb
                      when it.claimed_until > now() and it."user" <> me.id
                        then jsonb_build_object('code', 'claimed', 'name', (select u.username from users u where u.id = it."user")) end as refusal
      from me join tasks it
               on it.id = $4::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null and me."maintenance.create"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update tasks it
       set "user"        = me.id,
           claimed_until = greatest(now() + $5::integer * interval '1 hour',
                                    case when it."user" = me.id then it.claimed_until end)
      from authorized cross join me
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/tasks/{task_id}/claim, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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

-- POST /api/v1/tasks/claim_next
-- $1 system.ip $2 system.session_key $3 system.if_match $4 extra.hours
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
      from me join tasks it
               on it.id = (
                  select next.id from tasks next
                   where next.equipment is not null and is_open(next.status)
                     and coalesce(next.claimed_until, '-infinity') < '9999-12-31'
                     and coalesce(next.claimed_until, '-infinity') <= now()
                   order by urgency(next.priority_level), coalesce(next.due_date, 'infinity'), next.id
                   limit 1 for update skip locked)
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null and me."maintenance.create"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update tasks it
       set "user"        = me.id,
           claimed_until = greatest(now() + $4::integer * interval '1 hour',
                                    case when it."user" = me.id then it.claimed_until end)
      from authorized cross join me
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/tasks/claim_next, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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

-- DELETE /api/v1/tasks/{task_id}/claim
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.task_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.edit_all' = any (s.permissions) as "tasks.edit_all",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when it."user" <> me.id and it.claimed_until is not null and not me."tasks.edit_all"
                        then '{"code": "not_holder"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when it.equipment is null then '{"code": "not_a_work_order"}'::jsonb
                      when it.status = 'Complete'
                        then jsonb_build_object('code', 'order_done', 'name', (select u.username from users u
                                                                              where u.id = coalesce((select m.technician from maintenance m where m.task = it.id), it."user")))
                      when it.status = 'Cancelled' then '{"code": "order_cancelled"}'::jsonb end as refusal
      from me join tasks it
               on it.id = $4::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null and me."maintenance.create"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update tasks it
       set "user"        = case when it.claimed_until is null then it."user" else it.author end,
           claimed_until = null
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

