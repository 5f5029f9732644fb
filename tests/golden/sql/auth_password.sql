-- POST PUT /api/v1/auth/password
-- $1 system.ip $2 system.session_key $3 system.verified_hash $4 extra.password_hash
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
    select me.id as caller, case when (select c.password_hash from credentials c where c.user_id = me.id) is distinct from $3::text
                                   then '{"code": "password_changed"}'::jsonb end as refusal
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
     where s.user_id = authorized.caller and s.kind = 'session' and s.id <> me.session_id and s.ended_as is null
), answer as (
    update credentials c
       set password_hash = $4::text, changed_at = now()
      from authorized
     where c.user_id = authorized.caller
    returning 'Password changed.' as detail
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."detail"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.attempt

    insert into login_failures as f (name, failures) values (lower($1::text), 1)
    on conflict (name) do update
    set failures = case when f.last_at < clock_timestamp() - interval '24 hours' then 1 else f.failures + 1 end,
        last_at = clock_timestamp(),
        blocked_until = clock_timestamp() +
            case when f.last_at < clock_timestamp() - interval '24 hours' or f.failures < 4 then interval '0'
                 else least(interval '1 second' * power(2, least(f.failures - 4, 20)), interval '15 minutes') end
     where f.blocked_until <= clock_timestamp()
    returning failures;

-- POST PUT /api/v1/auth/password, sent by the endpoint's code

    delete from login_failures
     where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10);

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.attempt

    select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
      from login_failures where name = lower($1::text);

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.attempt
delete from login_failures where name = lower($1::text);

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.attempt

    update login_failures
       set failures = greatest(failures - 1, 0), blocked_until = now()
     where name = lower($1::text);

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.caller
select salt from password_salts where user_id = $1::bigint;

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.caller $2 system.verified_hash
select is_password_hash($1::bigint, $2::text);

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.caller
select username, email from users where id = $1::bigint;

-- POST PUT /api/v1/auth/password, sent by the endpoint's code
-- $1 system.caller
select from users where id = $1::bigint for update;

