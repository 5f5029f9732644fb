-- GET /api/v1/auth/sessions
-- $1 system.session_key $2 page.limit
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
page as (
    select it.*
      from me cross join lateral (
               (select it.* from session_rows it
                 where (it.user_id = me.id and it.kind = 'session' and it.ended_as is null and it.expires_at > now())
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null and me.kind = 'session'
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from session_rows it
                         where (it.user_id = me.id and it.kind = 'session' and it.ended_as is null and it.expires_at > now())
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and me.kind = 'session'
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."created_at",
       it."last_used_at",
       it."expires_at",
       it."user_agent",
       it."ip",
       it.id = me.session_id
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/auth/sessions, filtered, after a cursor
-- $1 system.session_key $2 cursor.id $3 page.limit
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
page as (
    select it.*
      from me cross join lateral (
               (select it.* from session_rows it
                 where (it.user_id = me.id and it.kind = 'session' and it.ended_as is null and it.expires_at > now())
                        and (it.id) < ($2)
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null and me.kind = 'session'
     order by it.id desc limit $3
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
       it."id",
       it."created_at",
       it."last_used_at",
       it."expires_at",
       it."user_agent",
       it."ip",
       it.id = me.session_id
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- DELETE /api/v1/auth/sessions/{session_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.session_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
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
      from me join session_rows it
               on it.id = $4::bigint
              and (it.user_id = me.id and it.kind = 'session' and it.ended_as is null and it.expires_at > now())
     where me.denied_as is null and me.kind = 'session'
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update session_rows it
       set ended_at = now(), ended_as = 'session_ended'
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

