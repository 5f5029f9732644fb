-- POST /api/v1/auth/login
-- $1 system.ip $2 extra.user_id $3 extra.kept $4 extra.session_key $5 extra.refresh_family $6 extra.refresh_key
-- $7 system.user_agent $8 extra.token $9 extra.access $10 extra.refresh $11 extra.expires_in
with
me as materialized (
    select u.id, set_caller(u.id, null, $1::text) as set_for_audit from users u where u.id = $2::bigint
), ended as (
    update sessions s
       set ended_at = now(), ended_as = 'session_superseded'
     where s.id in (select old.id from sessions old
                     where old.user_id = $2::bigint and old.kind = 'session' and old.ended_as is null
                     order by old.id desc offset $3::bigint)
), started as (
    insert into sessions (user_id, key, refresh_family, refresh_key, user_agent, ip, expires_at)
    select me.id, $4::bytea, $5::bytea, $6::bytea, $7::text, $1::text,
           session_end(now())
      from me
), answer as (
    select u.*, $8::text as token, $9::text as access, $10::text as refresh, 'Token' as token_type,
           $11::integer as expires_in
      from me join users u on u.id = me.id
)
select null as refusal, false as touch, me.id as caller,
       it."token",
       it."access",
       it."refresh",
       it."token_type",
       it."expires_in",
       it."id",
       it."username",
       case when it.id = me.id or false then it."email" end,
       it."first_name",
       it."last_name",
       case when it.id = me.id or false then it."is_active" end,
       case when it.id = me.id or false then it."is_superuser" end,
       (select coalesce(jsonb_agg(r.name order by r.name), '[]')
       from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id),
       case when it.id = me.id or false then it."date_joined" end,
       case when it.id = me.id or false then it."last_login" end,
       it."version"
  from (values (true)) as one left join answer it on true left join me on true;

-- POST /api/v1/auth/login, sent by the endpoint's code
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

-- POST /api/v1/auth/login, sent by the endpoint's code

    delete from login_failures
     where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 system.attempt

    select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
      from login_failures where name = lower($1::text);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 system.attempt
delete from login_failures where name = lower($1::text);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 system.attempt

    update login_failures
       set failures = greatest(failures - 1, 0), blocked_until = now()
     where name = lower($1::text);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 body.username
select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id where lower(u.username) = lower($1::text);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 body.email
select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id where lower(u.email) = lower($1::text);

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 extra.user_id
update users set last_login = now() where id = $1::bigint;

-- POST /api/v1/auth/login, sent by the endpoint's code
-- $1 extra.user_id $2 extra.password_hash
select from users u join credentials c on c.user_id = u.id where u.id = $1::bigint and u.is_active and c.password_hash = $2::text;

