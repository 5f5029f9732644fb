-- GET /api/v1/users
-- $1 system.session_key $2 page.limit
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
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from users it
                 where (true)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from users it
                         where (true)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
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
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/users, filtered, after a cursor
-- $1 system.session_key $2 filter.username $3 cursor.id $4 page.limit
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
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from users it
                 where (true)
                        and it."username" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
           ) it
     where me.denied_as is null
     order by it.id desc limit $4
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
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
  left join page it on true
 order by it.id desc;

-- GET /api/v1/users, searched
-- $1 system.session_key $2 filter.search $3 page.limit
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
),
sought as materialized (
    select * from fold_words($2)
),
near_1 as materialized (
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from users_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from users it
                where (true)
                order by it.id desc limit 1000
           ) it
     where me.denied_as is null
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from near_1 it where it.has_texts and (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1))
               union all
               (select it.*, true as has_texts
                  from (select texts.id from users_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from users it
                                      where it.id = found.id and (true)
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1)
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from generate_series(1, (
                            select case when near.rows < 1000 then near.found else greatest(dense.rows, found.rows) end
                              from (select count(*) as rows, count(*) filter (where has_texts) as found from near_1) near
                             cross join lateral (select count(*) as rows
                                                   from (select from (select it.* from users it
                                                                       where (true)
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from users_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from users_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from users it
                                                                               where it.id = found.id and (true)
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
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
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/users/{user_id}
-- $1 system.session_key $2 path.user_id
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
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null;

-- PUT PATCH /api/v1/users/{user_id}, the lock that it takes first
-- $1 system.session_key
select pg_advisory_xact_lock(lock_number('serialized')) from sessions where key = $1::bytea and ended_as is null;

-- PUT PATCH /api/v1/users/{user_id}
-- $1 system.ip $2 system.session_key $3 body.roles $4 system.if_match $5 sent.username $6 body.username
-- $7 sent.email $8 body.email $9 sent.first_name $10 body.first_name $11 sent.last_name $12 body.last_name
-- $13 sent.is_active $14 body.is_active $15 sent.is_superuser $16 body.is_superuser $17 path.user_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'roles.assign' = any (s.permissions) as "roles.assign",
           'users.edit' = any (s.permissions) as "users.edit",
           'users.view_private' = any (s.permissions) as "users.view_private",
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
                                               case when exists (
                                               select from jsonb_array_elements_text($3::jsonb) given where given not in (select r.name from roles r)) then 'no_such_role' end], null) as names
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
                                       when input.is_active <> it.is_active and not me."users.edit"
                                         then '{"code": "users_edit_missing"}'::jsonb
                                       when input.is_superuser <> it.is_superuser and not me.is_superuser
                                         then '{"code": "superuser_required"}'::jsonb
                                       when not me."roles.assign" and $3::jsonb is not null
                                            and sorted_names($3::jsonb)
                                             <> (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                                                   from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)
                                         then '{"code": "roles_assign_missing"}'::jsonb
                                       when exists (
                                            select from roles r join role_permissions rp on rp.role_id = r.id
                                             where r.name in (select jsonb_array_elements_text($3::jsonb)) and rp.code <> all (me.codes)
                                               and not exists (select from user_roles ur where ur.user_id = it.id and ur.role_id = r.id))
                                         then '{"code": "role_lacking"}'::jsonb
                                       when not it.version = any ($4::integer[]) then '{"code": "stale"}'::jsonb
                                       when it.is_superuser and it.is_active and not (input.is_superuser and input.is_active)
                                            and not exists (select from users other
                                                             where other.id <> it.id and other.is_superuser and other.is_active)
                                         then '{"code": "last_superuser"}'::jsonb end)
                    from (select case when $5::boolean then $6::text else it."username" end as "username",
                                 case when $7::boolean then $8::text else it."email" end as "email",
                                 case when $9::boolean then $10::text else it."first_name" end as "first_name",
                                 case when $11::boolean then $12::text else it."last_name" end as "last_name",
                                 case when $13::boolean then $14::boolean else it."is_active" end as "is_active",
                                 case when $15::boolean then $16::boolean else it."is_superuser" end as "is_superuser") input) as refusal
      from me join users it
               on it.id = $17::bigint
              and (true)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
taken as (
    delete from user_roles ur using authorized, roles r
     where $3::jsonb is not null and ur.user_id = authorized.id and r.id = ur.role_id
       and r.name not in (select jsonb_array_elements_text($3::jsonb))
    returning ur.role_id
), handed as (
    insert into user_roles (user_id, role_id)
    select authorized.id, r.id
      from authorized join roles r on r.name in (select jsonb_array_elements_text($3::jsonb))
    on conflict do nothing
    returning role_id
),
answer as (
    update users it
       set ("updated_at", "username", "email", "first_name", "last_name", "is_active", "is_superuser") = (
               select case when exists (select from taken) or exists (select from handed) then now() else it.updated_at end,
                      input."username",
                      input."email",
                      input."first_name",
                      input."last_name",
                      input."is_active",
                      input."is_superuser"
                 from (select case when $5::boolean then $6::text else it."username" end as "username",
                              case when $7::boolean then $8::text else it."email" end as "email",
                              case when $9::boolean then $10::text else it."first_name" end as "first_name",
                              case when $11::boolean then $12::text else it."last_name" end as "last_name",
                              case when $13::boolean then $14::boolean else it."is_active" end as "is_active",
                              case when $15::boolean then $16::boolean else it."is_superuser" end as "is_superuser") input)
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
       it."username",
       case when it.id = me.id or me."users.view_private" then it."email" end,
       it."first_name",
       it."last_name",
       case when it.id = me.id or me."users.view_private" then it."is_active" end,
       case when it.id = me.id or me."users.view_private" then it."is_superuser" end,
       
       coalesce(sorted_names($3::jsonb),
                (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                   from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)),
       case when it.id = me.id or me."users.view_private" then it."date_joined" end,
       case when it.id = me.id or me."users.view_private" then it."last_login" end,
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
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

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code

    delete from login_failures
     where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10);

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.attempt

    select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
      from login_failures where name = lower($1::text);

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.attempt
delete from login_failures where name = lower($1::text);

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.attempt

    update login_failures
       set failures = greatest(failures - 1, 0), blocked_until = now()
     where name = lower($1::text);

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.caller
select salt from password_salts where user_id = $1::bigint;

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.caller $2 system.verified_hash
select is_password_hash($1::bigint, $2::text);

-- PUT PATCH /api/v1/users/{user_id}, sent by the endpoint's code
-- $1 system.caller
select username, email from users where id = $1::bigint;

-- DELETE /api/v1/users/{user_id}, the lock that it takes first
-- $1 system.session_key
select pg_advisory_xact_lock(lock_number('serialized')) from sessions where key = $1::bytea and ended_as is null;

-- DELETE /api/v1/users/{user_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.user_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'users.delete' = any (s.permissions) as "users.delete",
           'users.view_private' = any (s.permissions) as "users.view_private",
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
    select it.*, case when it.id = me.id and me.kind <> 'session' then '{"code": "session_required"}'::jsonb
                      when it.id <> me.id and exists (
                           select from users account
                            where account.id = it.id
                              and (account.is_superuser and not me.is_superuser
                                   or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes))))
                        then '{"code": "stronger_account"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when it.is_superuser and it.is_active
                           and not exists (select from users other
                                            where other.id <> it.id and other.is_superuser and other.is_active)
                        then '{"code": "last_superuser"}'::jsonb end as refusal
      from me join users it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null and me."users.delete"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update users it set is_active = false from authorized where it.id = authorized.id returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."users.delete" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

