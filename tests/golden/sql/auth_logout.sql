-- POST /api/v1/auth/logout
-- $1 system.ip $2 system.session_key $3 body.scope
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
    select me.id as caller, null::jsonb as refusal
      from me
     where me.denied_as is null and me.kind = 'session'
),
authorized as (
    select target.* from target
     where target.refusal is null
),
ended as (
    update sessions s
       set ended_at = now(), ended_as = 'session_ended'
      from authorized, me
     where s.user_id = me.id and s.kind = 'session' and s.ended_as is null
       and (s.id = me.session_id or $3::text = 'all')
), answer as (
    select 'Logged out.' as detail
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."detail"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

