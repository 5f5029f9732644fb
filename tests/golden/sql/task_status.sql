-- PATCH /api/v1/tasks/{task_id}/status
-- $1 system.ip $2 system.session_key $3 system.if_match $4 body.status $5 path.task_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
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
    select it.*, case when it.author <> me.id and not me."tasks.edit_all"
                           and (it."user" <> me.id or it.equipment is not null and is_open(it.status)
                                                      and coalesce(it.claimed_until, '-infinity') <= now())
                        then '{"code": "not_yours"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when it.equipment is not null and ($4::text = 'Complete') <> (it.status = 'Complete')
                        then '{"code": "needs_record"}'::jsonb end as refusal
      from me join tasks it
               on it.id = $5::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update tasks it
       set status        = $4::text,
           completed_at  = case when $4::text = 'Complete' then coalesce(it.completed_at, now()) end,
           claimed_until = case when $4::text in ('Pending', 'In Progress') then it.claimed_until end
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
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

