-- GET /api/v1/reports
-- $1 system.session_key $2 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
               (select it.* from reports it
                 where (me."reports.view_all")
                 order by it.id desc limit $2)
               union all
               (select it.* from reports it
                 where (it.author = me.id) and (me."reports.view_all") is not true
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from reports it
                         where (me."reports.view_all")
                         limit 1001)
                       union all
                       (select 1 from reports it
                         where (it.author = me.id) and (me."reports.view_all") is not true
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/reports, filtered, after a cursor
-- $1 system.session_key $2 filter.title $3 cursor.id $4 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
               (select it.* from reports it
                 where (me."reports.view_all")
                        and it."title" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from reports it
                 where (it.author = me.id) and (me."reports.view_all") is not true
                        and it."title" = $2
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
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/reports, searched
-- $1 system.session_key $2 filter.search $3 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from reports_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from reports it
                where (me."reports.view_all")
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
                  from (select texts.id from reports_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from reports it
                                      where it.id = found.id and (me."reports.view_all")
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from reports it
                 where (it.author = me.id) and (me."reports.view_all") is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from reports_texts texts where texts.id = it.id)
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
                                                   from (select from (select it.* from reports it
                                                                       where (me."reports.view_all")
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from reports_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from reports_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from reports it
                                                                               where it.id = found.id and (me."reports.view_all")
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from reports it
                         where (it.author = me.id) and (me."reports.view_all") is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from reports_texts texts where texts.id = it.id)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/reports
-- $1 system.ip $2 system.session_key $3 body.title $4 body.body $5 body.task $6 body.equipment $7 body.period_start
-- $8 body.period_end
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.create' = any (s.permissions) as "reports.create",
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
    select input.*,
           coalesce((select jsonb_build_object('code', 'no_such', 'fields', found.names)
                       from (select array_remove(array[
                                 case when input."task" is not null
                                       and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end,
                                 case when input."equipment" is not null
                                       and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    (select jsonb_build_object('code', 'invalid', 'rules', found.names)
                       from (select array_remove(array[
                                 case when input.period_end < input.period_start then 'ends_early' end], null) as names
                             offset 0) found
                      where found.names <> '{}')) as refusal
      from me cross join (select (null::reports).*) it
     cross join (select $3::text as "title",
                        $4::text as "body",
                        $5::bigint as "task",
                        $6::bigint as "equipment",
                        $7::date as "period_start",
                        $8::date as "period_end") input
     where me.denied_as is null and me."reports.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into reports ("author", "title", "body", "task", "equipment", "period_start", "period_end")
    select me.id,
           input."title",
           input."body",
           input."task",
           input."equipment",
           input."period_start",
           input."period_end"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/reports, without references
-- $1 system.ip $2 system.session_key $3 body.title $4 body.body $5 body.task $6 body.equipment $7 body.period_start
-- $8 body.period_end
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.create' = any (s.permissions) as "reports.create",
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
           coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                       from (select array_remove(array[
                                 case when input.period_end < input.period_start then 'ends_early' end], null) as names
                             offset 0) found
                      where found.names <> '{}')) as refusal
      from me cross join (select (null::reports).*) it
     cross join (select $3::text as "title",
                        $4::text as "body",
                        $5::bigint as "task",
                        $6::bigint as "equipment",
                        $7::date as "period_start",
                        $8::date as "period_end") input
     where me.denied_as is null and me."reports.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into reports ("author", "title", "body", "task", "equipment", "period_start", "period_end")
    select me.id,
           input."title",
           input."body",
           input."task",
           input."equipment",
           input."period_start",
           input."period_end"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/reports, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.create' = any (s.permissions) as "reports.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
     where me.denied_as is null and me."reports.create"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.create" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/reports/{report_id}
-- $1 system.session_key $2 path.report_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join reports it
              on it.id = $2::bigint
             and (it.author = me.id or me."reports.view_all")
        and me.denied_as is null;

-- PUT PATCH /api/v1/reports/{report_id}
-- $1 system.ip $2 system.session_key $3 path.report_id $4 body.title $5 body.body $6 body.task $7 body.equipment
-- $8 body.period_start $9 body.period_end $10 system.if_match $11 sent.title $12 sent.body $13 sent.task
-- $14 sent.equipment $15 sent.period_start $16 sent.period_end
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
referred as materialized (
    select (select jsonb_build_object('code', 'no_such', 'fields', found.names)
              from (select array_remove(array[
                        case when input."task" is not null
                              and input."task" is distinct from (select it."task" from reports it where it.id = $3::bigint and (it.author = me.id or me."reports.view_all"))
                              and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end,
                        case when input."equipment" is not null
                              and input."equipment" is distinct from (select it."equipment" from reports it where it.id = $3::bigint and (it.author = me.id or me."reports.view_all"))
                              and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                    offset 0) found
             where found.names <> '{}') as refusal
      from me cross join (select $4::text as "title",
                                 $5::text as "body",
                                 $6::bigint as "task",
                                 $7::bigint as "equipment",
                                 $8::date as "period_start",
                                 $9::date as "period_end") input
     where me.denied_as is null
),
target as materialized (
    select it.*, (select coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                     from (select array_remove(array[
                                               case when input.period_end < input.period_start then 'ends_early' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when it.author <> me.id then '{"code": "not_author"}'::jsonb
                                       when not it.version = any ($10::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $11::boolean then $4::text else it."title" end as "title",
                                 case when $12::boolean then $5::text else it."body" end as "body",
                                 case when $13::boolean then $6::bigint else it."task" end as "task",
                                 case when $14::boolean then $7::bigint else it."equipment" end as "equipment",
                                 case when $15::boolean then $8::date else it."period_start" end as "period_start",
                                 case when $16::boolean then $9::date else it."period_end" end as "period_end") input) as refusal
      from me join reports it
               on it.id = $3::bigint
              and (it.author = me.id or me."reports.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target, referred
     where target.refusal is null and referred.refusal is null
),
answer as (
    update reports it
       set ("title", "body", "task", "equipment", "period_start", "period_end") = (
               select input."title",
                      input."body",
                      input."task",
                      input."equipment",
                      input."period_start",
                      input."period_end"
                 from (select case when $11::boolean then $4::text else it."title" end as "title",
                              case when $12::boolean then $5::text else it."body" end as "body",
                              case when $13::boolean then $6::bigint else it."task" end as "task",
                              case when $14::boolean then $7::bigint else it."equipment" end as "equipment",
                              case when $15::boolean then $8::date else it."period_start" end as "period_start",
                              case when $16::boolean then $9::date else it."period_end" end as "period_end") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when referred.refusal is not null then referred.refusal
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join referred on true
  left join target on true left join answer it on true;

-- PUT PATCH /api/v1/reports/{report_id}, without references
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.title $5 body.title $6 sent.body $7 body.body
-- $8 sent.task $9 body.task $10 sent.equipment $11 body.equipment $12 sent.period_start $13 body.period_start
-- $14 sent.period_end $15 body.period_end $16 path.report_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
                                               case when input.period_end < input.period_start then 'ends_early' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when it.author <> me.id then '{"code": "not_author"}'::jsonb
                                       when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $4::boolean then $5::text else it."title" end as "title",
                                 case when $6::boolean then $7::text else it."body" end as "body",
                                 case when $8::boolean then $9::bigint else it."task" end as "task",
                                 case when $10::boolean then $11::bigint else it."equipment" end as "equipment",
                                 case when $12::boolean then $13::date else it."period_start" end as "period_start",
                                 case when $14::boolean then $15::date else it."period_end" end as "period_end") input) as refusal
      from me join reports it
               on it.id = $16::bigint
              and (it.author = me.id or me."reports.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update reports it
       set ("title", "body", "task", "equipment", "period_start", "period_end") = (
               select input."title",
                      input."body",
                      input."task",
                      input."equipment",
                      input."period_start",
                      input."period_end"
                 from (select case when $4::boolean then $5::text else it."title" end as "title",
                              case when $6::boolean then $7::text else it."body" end as "body",
                              case when $8::boolean then $9::bigint else it."task" end as "task",
                              case when $10::boolean then $11::bigint else it."equipment" end as "equipment",
                              case when $12::boolean then $13::date else it."period_start" end as "period_start",
                              case when $14::boolean then $15::date else it."period_end" end as "period_end") input)
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
       it."author",
       it."title",
       it."body",
       it."task",
       it."equipment",
       it."period_start",
       it."period_end",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/reports/{report_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.report_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'reports.view_all' = any (s.permissions) as "reports.view_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when it.author <> me.id then '{"code": "not_author"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join reports it
               on it.id = $4::bigint
              and (it.author = me.id or me."reports.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from reports it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

