-- GET /api/v1/tasks
-- $1 system.session_key $2 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
               (select it.* from tasks it
                 where (me."tasks.view_all")
                 order by it.id desc limit $2)
               union all
               (select it.* from tasks it
                 where (it.equipment is not null) and (me."tasks.view_all") is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from tasks it
                 where (it.author = me.id) and (me."tasks.view_all") is not true and (it.equipment is not null) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from tasks it
                 where (it."user" = me.id and it.author <> it."user") and (me."tasks.view_all") is not true and (it.equipment is not null) is not true and (it.author = me.id) is not true
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from tasks it
                         where (me."tasks.view_all")
                         limit 1001)
                       union all
                       (select 1 from tasks it
                         where (it.equipment is not null) and (me."tasks.view_all") is not true
                         limit 1001)
                       union all
                       (select 1 from tasks it
                         where (it.author = me.id) and (me."tasks.view_all") is not true and (it.equipment is not null) is not true
                         limit 1001)
                       union all
                       (select 1 from tasks it
                         where (it."user" = me.id and it.author <> it."user") and (me."tasks.view_all") is not true and (it.equipment is not null) is not true and (it.author = me.id) is not true
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/tasks, filtered, after a cursor
-- $1 system.session_key $2 filter.title $3 cursor.id $4 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
               (select it.* from tasks it
                 where (me."tasks.view_all")
                        and it."title" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from tasks it
                 where (it.equipment is not null) and (me."tasks.view_all") is not true
                        and it."title" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from tasks it
                 where (it.author = me.id) and (me."tasks.view_all") is not true and (it.equipment is not null) is not true
                        and it."title" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from tasks it
                 where (it."user" = me.id and it.author <> it."user") and (me."tasks.view_all") is not true and (it.equipment is not null) is not true and (it.author = me.id) is not true
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
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/tasks, searched
-- $1 system.session_key $2 filter.search $3 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from tasks it
                where (me."tasks.view_all")
                order by it.id desc limit 1000
           ) it
     where me.denied_as is null
),
near_2 as materialized (
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from tasks it
                where (it.equipment is not null) and (me."tasks.view_all") is not true
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
                  from (select texts.id from tasks_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from tasks it
                                      where it.id = found.id and (me."tasks.view_all")
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1)
                 order by it.id desc limit $3)
               union all
               (select it.* from near_2 it where it.has_texts and (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_2))
               union all
               (select it.*, true as has_texts
                  from (select texts.id from tasks_texts texts
                         where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from tasks it
                                      where it.id = found.id and (it.equipment is not null) and (me."tasks.view_all") is not true
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_2)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from tasks it
                 where (it.author = me.id) and (me."tasks.view_all") is not true and (it.equipment is not null) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from tasks it
                 where (it."user" = me.id and it.author <> it."user") and (me."tasks.view_all") is not true and (it.equipment is not null) is not true and (it.author = me.id) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id)
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
                                                   from (select from (select it.* from tasks it
                                                                       where (me."tasks.view_all")
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from tasks_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from tasks it
                                                                               where it.id = found.id and (me."tasks.view_all")
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from generate_series(1, (
                            select case when near.rows < 1000 then near.found else greatest(dense.rows, found.rows) end
                              from (select count(*) as rows, count(*) filter (where has_texts) as found from near_2) near
                             cross join lateral (select count(*) as rows
                                                   from (select from (select it.* from tasks it
                                                                       where (it.equipment is not null) and (me."tasks.view_all") is not true
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from tasks_texts texts
                                                                  where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                                                                  offset 0) found
                                                          cross join lateral (select it.* from tasks it
                                                                               where it.id = found.id and (it.equipment is not null) and (me."tasks.view_all") is not true
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from tasks it
                         where (it.author = me.id) and (me."tasks.view_all") is not true and (it.equipment is not null) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from tasks it
                         where (it."user" = me.id and it.author <> it."user") and (me."tasks.view_all") is not true and (it.equipment is not null) is not true and (it.author = me.id) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from tasks_texts texts where texts.id = it.id)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/tasks
-- $1 system.ip $2 system.session_key $3 body.title $4 body.description $5 body.due_date $6 body.priority_level
-- $7 body.user $8 body.equipment
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.assign' = any (s.permissions) as "tasks.assign",
           'tasks.create' = any (s.permissions) as "tasks.create",
           'work_orders.create' = any (s.permissions) as "work_orders.create",
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
                                 case when input."user" is not null
                                       and not exists (select from users it where it.id = input."user" and (true) and it.is_active) then 'user' end,
                                 case when input."equipment" is not null
                                       and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    case when input."user" is distinct from it."user" and input."user" <> me.id and not me."tasks.assign"
                           then '{"code": "assign_missing"}'::jsonb
                         when input.equipment is distinct from it.equipment and not me."work_orders.create"
                           then '{"code": "work_order_missing"}'::jsonb end) as refusal
      from me cross join (select (null::tasks).*) it
     cross join (select $3::text as "title",
                        $4::text as "description",
                        $5::date as "due_date",
                        $6::text as "priority_level",
                        $7::bigint as "user",
                        $8::bigint as "equipment") input
     where me.denied_as is null and me."tasks.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into tasks ("author", "user", "claimed_until", "title", "description", "due_date", "priority_level", "equipment")
    select me.id,
           coalesce(input."user", me.id),
           case when input.equipment is not null and input."user" <> me.id then without_end() end,
           input."title",
           input."description",
           input."due_date",
           input."priority_level",
           input."equipment"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."tasks.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/tasks, without references
-- $1 system.ip $2 system.session_key $3 body.title $4 body.description $5 body.due_date $6 body.priority_level
-- $7 body.user $8 body.equipment
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.assign' = any (s.permissions) as "tasks.assign",
           'tasks.create' = any (s.permissions) as "tasks.create",
           'work_orders.create' = any (s.permissions) as "work_orders.create",
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
           coalesce(case when input."user" is distinct from it."user" and input."user" <> me.id and not me."tasks.assign"
                           then '{"code": "assign_missing"}'::jsonb
                         when input.equipment is distinct from it.equipment and not me."work_orders.create"
                           then '{"code": "work_order_missing"}'::jsonb end) as refusal
      from me cross join (select (null::tasks).*) it
     cross join (select $3::text as "title",
                        $4::text as "description",
                        $5::date as "due_date",
                        $6::text as "priority_level",
                        $7::bigint as "user",
                        $8::bigint as "equipment") input
     where me.denied_as is null and me."tasks.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into tasks ("author", "user", "claimed_until", "title", "description", "due_date", "priority_level", "equipment")
    select me.id,
           coalesce(input."user", me.id),
           case when input.equipment is not null and input."user" <> me.id then without_end() end,
           input."title",
           input."description",
           input."due_date",
           input."priority_level",
           input."equipment"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."tasks.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/tasks, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.assign' = any (s.permissions) as "tasks.assign",
           'tasks.create' = any (s.permissions) as "tasks.create",
           'work_orders.create' = any (s.permissions) as "work_orders.create",
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
     where me.denied_as is null and me."tasks.create"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."tasks.create" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/tasks/{task_id}
-- $1 system.session_key $2 path.task_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
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
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join tasks it
              on it.id = $2::bigint
             and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
        and me.denied_as is null;

-- PUT PATCH /api/v1/tasks/{task_id}
-- $1 system.ip $2 system.session_key $3 path.task_id $4 body.title $5 body.description $6 body.due_date
-- $7 body.priority_level $8 body.user $9 body.equipment $10 system.if_match $11 sent.title $12 sent.description
-- $13 sent.due_date $14 sent.priority_level $15 sent.user $16 sent.equipment
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.assign' = any (s.permissions) as "tasks.assign",
           'tasks.edit_all' = any (s.permissions) as "tasks.edit_all",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           'work_orders.create' = any (s.permissions) as "work_orders.create",
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
                        case when input."user" is not null
                              and input."user" is distinct from (select it."user" from tasks it where it.id = $3::bigint and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all"))
                              and not exists (select from users it where it.id = input."user" and (true) and it.is_active) then 'user' end,
                        case when input."equipment" is not null
                              and input."equipment" is distinct from (select it."equipment" from tasks it where it.id = $3::bigint and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all"))
                              and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                    offset 0) found
             where found.names <> '{}') as refusal
      from me cross join (select $4::text as "title",
                                 $5::text as "description",
                                 $6::date as "due_date",
                                 $7::text as "priority_level",
                                 $8::bigint as "user",
                                 $9::bigint as "equipment") input
     where me.denied_as is null
),
target as materialized (
    select it.*, (select case when it.author <> me.id and not me."tasks.edit_all"
                                   and (it."user" <> me.id or it.equipment is not null and is_open(it.status)
                                                              and coalesce(it.claimed_until, '-infinity') <= now())
                                then '{"code": "not_yours"}'::jsonb
                              when input."user" is distinct from it."user" and input."user" <> me.id and not me."tasks.assign"
                                then '{"code": "assign_missing"}'::jsonb
                              when input.equipment is distinct from it.equipment and not me."work_orders.create"
                                then '{"code": "work_order_missing"}'::jsonb
                              when not it.version = any ($10::integer[]) then '{"code": "stale"}'::jsonb
                              when it.status = 'Complete' and (input.equipment is distinct from it.equipment
                                   or it.equipment is not null and input."user" <> it."user")
                                then '{"code": "task_complete"}'::jsonb
                              when it.schedule is not null and input.equipment is distinct from it.equipment
                                then '{"code": "scheduled_order"}'::jsonb end
                    from (select case when $11::boolean then $4::text else it."title" end as "title",
                                 case when $12::boolean then $5::text else it."description" end as "description",
                                 case when $13::boolean then $6::date else it."due_date" end as "due_date",
                                 case when $14::boolean then $7::text else it."priority_level" end as "priority_level",
                                 case when $15::boolean then $8::bigint else it."user" end as "user",
                                 case when $16::boolean then $9::bigint else it."equipment" end as "equipment") input) as refusal
      from me join tasks it
               on it.id = $3::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target, referred
     where target.refusal is null and referred.refusal is null
),
answer as (
    update tasks it
       set ("claimed_until", "title", "description", "due_date", "priority_level", "user", "equipment") = (
               select case when input.equipment is null or not is_open(it.status) then null
                           when it.equipment is not null and input."user" = it."user"
                                and ($8::bigint is null or it.claimed_until > now() or it."user" in (it.author, me.id)
                                     or not me."tasks.assign")
                           then it.claimed_until
                           when input."user" <> me.id and me."tasks.assign" then without_end() end,
                      input."title",
                      input."description",
                      input."due_date",
                      input."priority_level",
                      input."user",
                      input."equipment"
                 from (select case when $11::boolean then $4::text else it."title" end as "title",
                              case when $12::boolean then $5::text else it."description" end as "description",
                              case when $13::boolean then $6::date else it."due_date" end as "due_date",
                              case when $14::boolean then $7::text else it."priority_level" end as "priority_level",
                              case when $15::boolean then $8::bigint else it."user" end as "user",
                              case when $16::boolean then $9::bigint else it."equipment" end as "equipment") input)
      from authorized cross join me
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
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join referred on true
  left join target on true left join answer it on true;

-- PUT PATCH /api/v1/tasks/{task_id}, without references
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.title $5 body.title $6 sent.description
-- $7 body.description $8 sent.due_date $9 body.due_date $10 sent.priority_level $11 body.priority_level
-- $12 sent.user $13 body.user $14 sent.equipment $15 body.equipment $16 path.task_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.assign' = any (s.permissions) as "tasks.assign",
           'tasks.edit_all' = any (s.permissions) as "tasks.edit_all",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           'work_orders.create' = any (s.permissions) as "work_orders.create",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, (select case when it.author <> me.id and not me."tasks.edit_all"
                                   and (it."user" <> me.id or it.equipment is not null and is_open(it.status)
                                                              and coalesce(it.claimed_until, '-infinity') <= now())
                                then '{"code": "not_yours"}'::jsonb
                              when input."user" is distinct from it."user" and input."user" <> me.id and not me."tasks.assign"
                                then '{"code": "assign_missing"}'::jsonb
                              when input.equipment is distinct from it.equipment and not me."work_orders.create"
                                then '{"code": "work_order_missing"}'::jsonb
                              when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                              when it.status = 'Complete' and (input.equipment is distinct from it.equipment
                                   or it.equipment is not null and input."user" <> it."user")
                                then '{"code": "task_complete"}'::jsonb
                              when it.schedule is not null and input.equipment is distinct from it.equipment
                                then '{"code": "scheduled_order"}'::jsonb end
                    from (select case when $4::boolean then $5::text else it."title" end as "title",
                                 case when $6::boolean then $7::text else it."description" end as "description",
                                 case when $8::boolean then $9::date else it."due_date" end as "due_date",
                                 case when $10::boolean then $11::text else it."priority_level" end as "priority_level",
                                 case when $12::boolean then $13::bigint else it."user" end as "user",
                                 case when $14::boolean then $15::bigint else it."equipment" end as "equipment") input) as refusal
      from me join tasks it
               on it.id = $16::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update tasks it
       set ("claimed_until", "title", "description", "due_date", "priority_level", "user", "equipment") = (
               select case when input.equipment is null or not is_open(it.status) then null
                           when it.equipment is not null and input."user" = it."user"
                                and ($13::bigint is null or it.claimed_until > now() or it."user" in (it.author, me.id)
                                     or not me."tasks.assign")
                           then it.claimed_until
                           when input."user" <> me.id and me."tasks.assign" then without_end() end,
                      input."title",
                      input."description",
                      input."due_date",
                      input."priority_level",
                      input."user",
                      input."equipment"
                 from (select case when $4::boolean then $5::text else it."title" end as "title",
                              case when $6::boolean then $7::text else it."description" end as "description",
                              case when $8::boolean then $9::date else it."due_date" end as "due_date",
                              case when $10::boolean then $11::text else it."priority_level" end as "priority_level",
                              case when $12::boolean then $13::bigint else it."user" end as "user",
                              case when $14::boolean then $15::bigint else it."equipment" end as "equipment") input)
      from authorized cross join me
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."title",
       it."description",
       it."due_date",
       it."priority_level",
       it."status",
       it."completed_at",
       it."author",
       it."user",
       it."equipment",
       it."schedule",
       it."claimed_until",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/tasks/{task_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.task_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'tasks.delete_all' = any (s.permissions) as "tasks.delete_all",
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
    select it.*, case when it.author <> me.id and not me."tasks.delete_all"
                        then '{"code": "not_author"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when exists (select from maintenance m where m.task = it.id)
                        then '{"code": "order_has_record"}'::jsonb end as refusal
      from me join tasks it
               on it.id = $4::bigint
              and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from tasks it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

