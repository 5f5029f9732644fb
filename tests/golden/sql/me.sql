-- GET /api/v1/me
-- $1 system.session_key
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
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
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."username",
       case when it.id = me.id or me."users.view_private" then it."email" end,
       it."first_name",
       it."last_name",
       case when it.id = me.id or me."users.view_private" then it."is_active" end,
       case when it.id = me.id or me."users.view_private" then it."is_superuser" end,
       (select coalesce(jsonb_agg(r.name order by r.name), '[]')
       from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id),
       case when it.id = me.id or me."users.view_private" then it."date_joined" end,
       case when it.id = me.id or me."users.view_private" then it."last_login" end,
       it."version"
  from (values (true)) as one left join me on true
  left join users it
              on it.id = me.id
             and (true)
        and me.denied_as is null;

-- PATCH /api/v1/me
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.username $5 body.username $6 sent.email
-- $7 body.email $8 sent.first_name $9 body.first_name $10 sent.last_name $11 body.last_name
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'users.view_private' = any (s.permissions) as "users.view_private",
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
      from me join users it
               on it.id = me.id
              and (true)
     where me.denied_as is null and me.kind = 'session'
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update users it
       set ("username", "email", "first_name", "last_name") = (
               select input."username",
                      input."email",
                      input."first_name",
                      input."last_name"
                 from (select case when $4::boolean then $5::text else it."username" end as "username",
                              case when $6::boolean then $7::text else it."email" end as "email",
                              case when $8::boolean then $9::text else it."first_name" end as "first_name",
                              case when $10::boolean then $11::text else it."last_name" end as "last_name") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."username",
       case when it.id = me.id or me."users.view_private" then it."email" end,
       it."first_name",
       it."last_name",
       case when it.id = me.id or me."users.view_private" then it."is_active" end,
       case when it.id = me.id or me."users.view_private" then it."is_superuser" end,
       (select coalesce(jsonb_agg(r.name order by r.name), '[]')
       from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id),
       case when it.id = me.id or me."users.view_private" then it."date_joined" end,
       case when it.id = me.id or me."users.view_private" then it."last_login" end,
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- PATCH /api/v1/me, sent by the endpoint's code
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

-- PATCH /api/v1/me, sent by the endpoint's code

    delete from login_failures
     where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10);

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.attempt

    select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
      from login_failures where name = lower($1::text);

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.attempt
delete from login_failures where name = lower($1::text);

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.attempt

    update login_failures
       set failures = greatest(failures - 1, 0), blocked_until = now()
     where name = lower($1::text);

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.caller
select salt from password_salts where user_id = $1::bigint;

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.caller $2 system.verified_hash
select is_password_hash($1::bigint, $2::text);

-- PATCH /api/v1/me, sent by the endpoint's code
-- $1 system.caller
select username, email from users where id = $1::bigint;

