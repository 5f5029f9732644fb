-- GET /api/v1/auth/tokens
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
                 where (it.user_id = me.id and it.kind = 'token' and it.ended_as is null)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null and me.kind = 'session'
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from session_rows it
                         where (it.user_id = me.id and it.kind = 'token' and it.ended_as is null)
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
       it."name",
       to_jsonb(it.codes),
       it."created_at",
       it."expires_at",
       nullif(it.last_used_at, it.created_at)
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/auth/tokens, filtered, after a cursor
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
                 where (it.user_id = me.id and it.kind = 'token' and it.ended_as is null)
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
       it."name",
       to_jsonb(it.codes),
       it."created_at",
       it."expires_at",
       nullif(it.last_used_at, it.created_at)
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- POST /api/v1/auth/tokens
-- $1 system.ip $2 system.session_key $3 body.permissions $4 body.name $5 body.expires_at $6 extra.token_key
-- $7 system.user_agent $8 extra.token
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
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
                                           where given not in (select p.code from permissions p)) then 'no_such_permission' end,
                                          case when input.expires_at <= now() then 'already_over' end], null) as names
                                      offset 0) found
                               where found.names <> '{}'),
                             case when exists (
                                       select from jsonb_array_elements_text($3::jsonb) given join permissions p on p.code = given
                                        where p.code <> all (me.codes))
                                    then '{"code": "permission_lacking"}'::jsonb end)) as refusal
      from me cross join (select (null::session_rows).*) it
     cross join (select $4::text as "name",
                        $5::timestamptz as "expires_at") input
     where me.denied_as is null and me.kind = 'session'
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into session_rows ("user_id", "kind", "key", "codes", "user_agent", "ip", "name", "expires_at")
    select me.id,
           'token',
           $6::bytea,
           case when $3::jsonb is not null then array(select jsonb_array_elements_text($3::jsonb)) end,
           $7::text,
           $1::text,
           input."name",
           input."expires_at"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       to_jsonb(it.codes),
       it."created_at",
       it."expires_at",
       nullif(it.last_used_at, it.created_at),
       $8::text
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- GET /api/v1/auth/tokens/{token_id}
-- $1 system.session_key $2 path.token_id
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
            when me.kind <> 'session' then '{"code": "session_required"}'::jsonb
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       to_jsonb(it.codes),
       it."created_at",
       it."expires_at",
       nullif(it.last_used_at, it.created_at)
  from (values (true)) as one left join me on true
  left join session_rows it
              on it.id = $2::bigint
             and (it.user_id = me.id and it.kind = 'token' and it.ended_as is null)
        and me.denied_as is null and me.kind = 'session';

-- DELETE /api/v1/auth/tokens/{token_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.token_id
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
              and (it.user_id = me.id and it.kind = 'token' and it.ended_as is null)
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

