-- POST PUT /api/v1/users/{user_id}/profile/picture
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.user_id $5 extra.picture_type $6 extra.picture_sha256
-- $7 extra.thumbnail_sha256 $8 system.base_url $9 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'users.edit' = any (s.permissions) as "users.edit",
           s.permissions as codes,
           s.is_superuser,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when it.id <> me.id and not me."users.edit" then '{"code": "not_yours"}'::jsonb
                      when it.id = me.id and me.kind <> 'session' then '{"code": "session_required"}'::jsonb
                      when it.id <> me.id and exists (
                           select from users account
                            where account.id = it.id
                              and (account.is_superuser and not me.is_superuser
                                   or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes))))
                        then '{"code": "stronger_account"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join profiles it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update profiles it
       set ("picture_type", "picture_sha256", "thumbnail_sha256") = (
               select $5::text,
                      $6::text,
                      $7::text
                 from (select ) input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it.id,
       it."phone",
       it."job_title",
       it."bio",
       it."date_of_birth",
       case when it.picture_sha256 is not null then jsonb_build_array($8::text, 'picture', it.picture_sha256, 'picture.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $9::bigint) end,
       case when it.thumbnail_sha256 is not null then jsonb_build_array($8::text, 'picture', it.thumbnail_sha256, 'thumbnail.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $9::bigint) end,
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST PUT /api/v1/users/{user_id}/profile/picture, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'users.edit' = any (s.permissions) as "users.edit",
           s.permissions as codes,
           s.is_superuser,
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
     where me.denied_as is null
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- DELETE /api/v1/users/{user_id}/profile/picture
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.user_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'users.edit' = any (s.permissions) as "users.edit",
           s.permissions as codes,
           s.is_superuser,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when it.id <> me.id and not me."users.edit" then '{"code": "not_yours"}'::jsonb
                      when it.id = me.id and me.kind <> 'session' then '{"code": "session_required"}'::jsonb
                      when it.id <> me.id and exists (
                           select from users account
                            where account.id = it.id
                              and (account.is_superuser and not me.is_superuser
                                   or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes))))
                        then '{"code": "stronger_account"}'::jsonb
                      when it.picture_type is null then '{"code": "no_picture"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join profiles it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update profiles it set picture_type = null, picture_sha256 = null, thumbnail_sha256 = null
      from authorized where it.id = authorized.id returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

