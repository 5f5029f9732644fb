-- GET /api/v1/users/{user_id}/profile
-- $1 system.session_key $2 system.base_url $3 system.media_expires $4 path.user_id
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
       it.id,
       it."phone",
       it."job_title",
       it."bio",
       it."date_of_birth",
       case when it.picture_sha256 is not null then jsonb_build_array($2::text, 'picture', it.picture_sha256, 'picture.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $3::bigint) end,
       case when it.thumbnail_sha256 is not null then jsonb_build_array($2::text, 'picture', it.thumbnail_sha256, 'thumbnail.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $3::bigint) end,
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join profiles it
              on it.id = $4::bigint
             and (true)
        and me.denied_as is null;

-- PUT PATCH /api/v1/users/{user_id}/profile
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.phone $5 body.phone $6 sent.job_title
-- $7 body.job_title $8 sent.bio $9 body.bio $10 sent.date_of_birth $11 body.date_of_birth $12 path.user_id
-- $13 system.base_url $14 system.media_expires
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
    select it.*, (select coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                     from (select array_remove(array[
                                               case when input.date_of_birth > current_date then 'not_born' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when it.id <> me.id and not me."users.edit" then '{"code": "not_yours"}'::jsonb
                                       when it.id = me.id and me.kind <> 'session' then '{"code": "session_required"}'::jsonb
                                       when it.id <> me.id and exists (
                                            select from users account
                                             where account.id = it.id
                                               and (account.is_superuser and not me.is_superuser
                                                    or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes))))
                                         then '{"code": "stronger_account"}'::jsonb
                                       when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $4::boolean then $5::text else it."phone" end as "phone",
                                 case when $6::boolean then $7::text else it."job_title" end as "job_title",
                                 case when $8::boolean then $9::text else it."bio" end as "bio",
                                 case when $10::boolean then $11::date else it."date_of_birth" end as "date_of_birth") input) as refusal
      from me join profiles it
               on it.id = $12::bigint
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
       set ("phone", "job_title", "bio", "date_of_birth") = (
               select input."phone",
                      input."job_title",
                      input."bio",
                      input."date_of_birth"
                 from (select case when $4::boolean then $5::text else it."phone" end as "phone",
                              case when $6::boolean then $7::text else it."job_title" end as "job_title",
                              case when $8::boolean then $9::text else it."bio" end as "bio",
                              case when $10::boolean then $11::date else it."date_of_birth" end as "date_of_birth") input)
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
       case when it.picture_sha256 is not null then jsonb_build_array($13::text, 'picture', it.picture_sha256, 'picture.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $14::bigint) end,
       case when it.thumbnail_sha256 is not null then jsonb_build_array($13::text, 'picture', it.thumbnail_sha256, 'thumbnail.' || replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type, $14::bigint) end,
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

