-- GET /api/v1/maintenance
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
               (select it.* from maintenance it
                 where (true)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from maintenance it
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
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/maintenance, filtered, after a cursor
-- $1 system.session_key $2 filter.task $3 cursor.id $4 page.limit
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
               (select it.* from maintenance it
                 where (true)
                        and it."task" = $2
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
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/maintenance, searched
-- $1 system.session_key $2 filter.search $3 page.limit
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
sought as materialized (
    select * from fold_words($2)
),
near_1 as materialized (
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from maintenance_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from maintenance it
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
                  from (select texts.id from maintenance_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from maintenance it
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
                                                   from (select from (select it.* from maintenance it
                                                                       where (true)
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from maintenance_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from maintenance_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from maintenance it
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
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/maintenance
-- $1 system.ip $2 system.session_key $3 body.task $4 body.performed_at $5 body.description $6 body.findings
-- $7 body.hours_spent $8 body.cost $9 body.parts
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
           'tasks.view_all' = any (s.permissions) as "tasks.view_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
parent as materialized (
    select it.*
      from me join tasks it
                on it.id = $3::bigint
               and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null and me."maintenance.create"
       for no key update of it
),
target as materialized (
    select input.*,
           coalesce((select jsonb_build_object('code', 'no_such', 'fields', found.names)
                       from (select array_remove(array[
                                 case when input."task" is not null
                                       and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    case when task.id is null then jsonb_build_object('code', 'no_such', 'fields', jsonb_build_array('task')) end,
                    coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                from (select array_remove(array[
                                          case when task.equipment is null then 'not_a_work_order' end,
                                          case when is_in_future(input.performed_at) then 'in_future' end], null) as names
                                      offset 0) found
                               where found.names <> '{}'),
                             case when task.status = 'Complete'
                                    then jsonb_build_object('code', 'order_done', 'name', (select u.username from users u
                                                                                          where u.id = coalesce((select m.technician from maintenance m where m.task = task.id), task."user")))
                                  when task.status = 'Cancelled' then '{"code": "order_cancelled"}'::jsonb
                                  when task.claimed_until > now() and task."user" <> me.id
                                    then jsonb_build_object('code', 'claimed', 'name', (select u.username from users u where u.id = task."user")) end)) as refusal
      from me cross join (select (null::maintenance).*) it
     cross join (select $3::bigint as "task",
                        $4::timestamptz as "performed_at",
                        $5::text as "description",
                        $6::text as "findings",
                        $7::numeric as "hours_spent",
                        $8::numeric as "cost",
                        $9::jsonb as "parts") input
      left join parent task on true
     where me.denied_as is null and me."maintenance.create"
),
authorized as (
    select target.* from target, parent
     where target.refusal is null
),
answer as (
    insert into maintenance ("equipment", "technician", "performed_at", "task", "description", "findings", "hours_spent", "cost", "parts")
    select task.equipment,
           me.id,
           coalesce(input.performed_at, now()),
           input."task",
           input."description",
           input."findings",
           input."hours_spent",
           input."cost",
           input."parts"
      from authorized input cross join me cross join parent task
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join parent on true
  left join target on true left join answer it on true;

-- POST /api/v1/maintenance, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.create' = any (s.permissions) as "maintenance.create",
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
     where me.denied_as is null and me."maintenance.create"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."maintenance.create" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/maintenance/{maintenance_id}
-- $1 system.session_key $2 path.maintenance_id
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
       it."id",
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join maintenance it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null;

-- PUT PATCH /api/v1/maintenance/{maintenance_id}
-- $1 system.ip $2 system.session_key $3 path.maintenance_id $4 body.task $5 body.performed_at $6 body.description
-- $7 body.findings $8 body.hours_spent $9 body.cost $10 body.parts $11 system.if_match $12 sent.task
-- $13 sent.performed_at $14 sent.description $15 sent.findings $16 sent.hours_spent $17 sent.cost $18 sent.parts
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.edit_all' = any (s.permissions) as "maintenance.edit_all",
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
                              and input."task" is distinct from (select it."task" from maintenance it where it.id = $3::bigint and (true))
                              and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end], null) as names
                    offset 0) found
             where found.names <> '{}') as refusal
      from me cross join (select $4::bigint as "task",
                                 $5::timestamptz as "performed_at",
                                 $6::text as "description",
                                 $7::text as "findings",
                                 $8::numeric as "hours_spent",
                                 $9::numeric as "cost",
                                 $10::jsonb as "parts") input
     where me.denied_as is null
),
target as materialized (
    select it.*, (select coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                     from (select array_remove(array[
                                               case when input.task <> it.task then 'other_order' end,
                                               case when is_in_future(input.performed_at) then 'in_future' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when it.technician <> me.id and not me."maintenance.edit_all"
                                         then '{"code": "not_technician"}'::jsonb
                                       when not it.version = any ($11::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $12::boolean then $4::bigint else it."task" end as "task",
                                 case when $13::boolean then $5::timestamptz else it."performed_at" end as "performed_at",
                                 case when $14::boolean then $6::text else it."description" end as "description",
                                 case when $15::boolean then $7::text else it."findings" end as "findings",
                                 case when $16::boolean then $8::numeric else it."hours_spent" end as "hours_spent",
                                 case when $17::boolean then $9::numeric else it."cost" end as "cost",
                                 case when $18::boolean then $10::jsonb else it."parts" end as "parts") input) as refusal
      from me join maintenance it
               on it.id = $3::bigint
              and (true)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target, referred
     where target.refusal is null and referred.refusal is null
),
answer as (
    update maintenance it
       set ("task", "performed_at", "description", "findings", "hours_spent", "cost", "parts") = (
               select input."task",
                      input."performed_at",
                      input."description",
                      input."findings",
                      input."hours_spent",
                      input."cost",
                      input."parts"
                 from (select case when $12::boolean then $4::bigint else it."task" end as "task",
                              case when $13::boolean then $5::timestamptz else it."performed_at" end as "performed_at",
                              case when $14::boolean then $6::text else it."description" end as "description",
                              case when $15::boolean then $7::text else it."findings" end as "findings",
                              case when $16::boolean then $8::numeric else it."hours_spent" end as "hours_spent",
                              case when $17::boolean then $9::numeric else it."cost" end as "cost",
                              case when $18::boolean then $10::jsonb else it."parts" end as "parts") input)
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
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join referred on true
  left join target on true left join answer it on true;

-- PUT PATCH /api/v1/maintenance/{maintenance_id}, without references
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.task $5 body.task $6 sent.performed_at
-- $7 body.performed_at $8 sent.description $9 body.description $10 sent.findings $11 body.findings $12 sent.hours_spent
-- $13 body.hours_spent $14 sent.cost $15 body.cost $16 sent.parts $17 body.parts $18 path.maintenance_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.edit_all' = any (s.permissions) as "maintenance.edit_all",
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
                                               case when input.task <> it.task then 'other_order' end,
                                               case when is_in_future(input.performed_at) then 'in_future' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when it.technician <> me.id and not me."maintenance.edit_all"
                                         then '{"code": "not_technician"}'::jsonb
                                       when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $4::boolean then $5::bigint else it."task" end as "task",
                                 case when $6::boolean then $7::timestamptz else it."performed_at" end as "performed_at",
                                 case when $8::boolean then $9::text else it."description" end as "description",
                                 case when $10::boolean then $11::text else it."findings" end as "findings",
                                 case when $12::boolean then $13::numeric else it."hours_spent" end as "hours_spent",
                                 case when $14::boolean then $15::numeric else it."cost" end as "cost",
                                 case when $16::boolean then $17::jsonb else it."parts" end as "parts") input) as refusal
      from me join maintenance it
               on it.id = $18::bigint
              and (true)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update maintenance it
       set ("task", "performed_at", "description", "findings", "hours_spent", "cost", "parts") = (
               select input."task",
                      input."performed_at",
                      input."description",
                      input."findings",
                      input."hours_spent",
                      input."cost",
                      input."parts"
                 from (select case when $4::boolean then $5::bigint else it."task" end as "task",
                              case when $6::boolean then $7::timestamptz else it."performed_at" end as "performed_at",
                              case when $8::boolean then $9::text else it."description" end as "description",
                              case when $10::boolean then $11::text else it."findings" end as "findings",
                              case when $12::boolean then $13::numeric else it."hours_spent" end as "hours_spent",
                              case when $14::boolean then $15::numeric else it."cost" end as "cost",
                              case when $16::boolean then $17::jsonb else it."parts" end as "parts") input)
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
       it."task",
       it."equipment",
       it."technician",
       it."performed_at",
       it."description",
       it."findings",
       it."hours_spent",
       it."cost",
       it."parts",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/maintenance/{maintenance_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.maintenance_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'maintenance.edit_all' = any (s.permissions) as "maintenance.edit_all",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when it.technician <> me.id and not me."maintenance.edit_all"
                        then '{"code": "not_technician"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join maintenance it
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
    delete from maintenance it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

