-- GET /api/v1/schedules
-- $1 system.session_key $2 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
               (select it.* from schedules it
                 where (true)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null and me."schedules.edit"
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from schedules it
                         where (true)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and me."schedules.edit"
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/schedules, filtered, after a cursor
-- $1 system.session_key $2 filter.equipment $3 cursor.id $4 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
               (select it.* from schedules it
                 where (true)
                        and it."equipment" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
           ) it
     where me.denied_as is null and me."schedules.edit"
     order by it.id desc limit $4
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/schedules, searched
-- $1 system.session_key $2 filter.search $3 page.limit
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from schedules_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from schedules it
                where (true)
                order by it.id desc limit 1000
           ) it
     where me.denied_as is null and me."schedules.edit"
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from near_1 it where it.has_texts and (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1))
               union all
               (select it.*, true as has_texts
                  from (select texts.id from schedules_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from schedules it
                                      where it.id = found.id and (true)
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1)
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null and me."schedules.edit"
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from generate_series(1, (
                            select case when near.rows < 1000 then near.found else greatest(dense.rows, found.rows) end
                              from (select count(*) as rows, count(*) filter (where has_texts) as found from near_1) near
                             cross join lateral (select count(*) as rows
                                                   from (select from (select it.* from schedules it
                                                                       where (true)
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from schedules_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from schedules_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from schedules it
                                                                               where it.id = found.id and (true)
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and me."schedules.edit"
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/schedules
-- $1 system.ip $2 system.session_key $3 body.next_due_on $4 body.next_due_hours $5 body.equipment $6 body.title
-- $7 body.description $8 body.priority_level $9 body.every_days $10 body.every_hours $11 body.lead_days
-- $12 body.is_active
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
                                 case when input."equipment" is not null
                                       and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    (select jsonb_build_object('code', 'invalid', 'rules', found.names)
                       from (select array_remove(array[
                                 case when input.every_days is null and input.every_hours is null then 'no_interval' end,
                                 case when input.every_days is null and $3::date is not null then 'no_days' end,
                                 case when input.every_hours is null and $4::numeric is not null then 'no_hours' end,
                                 case when input.lead_days >= input.every_days then 'long_lead' end], null) as names
                             offset 0) found
                      where found.names <> '{}')) as refusal
      from me cross join (select (null::schedules).*) it
     cross join (select $5::bigint as "equipment",
                        $6::text as "title",
                        $7::text as "description",
                        $8::text as "priority_level",
                        $9::integer as "every_days",
                        $10::numeric as "every_hours",
                        $3::date as "next_due_on",
                        $4::numeric as "next_due_hours",
                        $11::integer as "lead_days",
                        $12::boolean as "is_active") input
     where me.denied_as is null and me."schedules.edit"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into schedules ("author", "next_due_on", "next_due_hours", "equipment", "title", "description", "priority_level", "every_days", "every_hours", "lead_days", "is_active")
    select me.id,
           case when input.every_days is not null then coalesce(input.next_due_on, current_date + input.every_days) end,
           case when input.every_hours is not null
                then coalesce(input.next_due_hours, least(9999999999.99, input.every_hours + coalesce(
                         (select e.usage_hours from equipment e where e.id = input.equipment), 0))) end,
           input."equipment",
           input."title",
           input."description",
           input."priority_level",
           input."every_days",
           input."every_hours",
           input."lead_days",
           input."is_active"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/schedules, without references
-- $1 system.ip $2 system.session_key $3 body.next_due_on $4 body.next_due_hours $5 body.equipment $6 body.title
-- $7 body.description $8 body.priority_level $9 body.every_days $10 body.every_hours $11 body.lead_days
-- $12 body.is_active
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
                                 case when input.every_days is null and input.every_hours is null then 'no_interval' end,
                                 case when input.every_days is null and $3::date is not null then 'no_days' end,
                                 case when input.every_hours is null and $4::numeric is not null then 'no_hours' end,
                                 case when input.lead_days >= input.every_days then 'long_lead' end], null) as names
                             offset 0) found
                      where found.names <> '{}')) as refusal
      from me cross join (select (null::schedules).*) it
     cross join (select $5::bigint as "equipment",
                        $6::text as "title",
                        $7::text as "description",
                        $8::text as "priority_level",
                        $9::integer as "every_days",
                        $10::numeric as "every_hours",
                        $3::date as "next_due_on",
                        $4::numeric as "next_due_hours",
                        $11::integer as "lead_days",
                        $12::boolean as "is_active") input
     where me.denied_as is null and me."schedules.edit"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into schedules ("author", "next_due_on", "next_due_hours", "equipment", "title", "description", "priority_level", "every_days", "every_hours", "lead_days", "is_active")
    select me.id,
           case when input.every_days is not null then coalesce(input.next_due_on, current_date + input.every_days) end,
           case when input.every_hours is not null
                then coalesce(input.next_due_hours, least(9999999999.99, input.every_hours + coalesce(
                         (select e.usage_hours from equipment e where e.id = input.equipment), 0))) end,
           input."equipment",
           input."title",
           input."description",
           input."priority_level",
           input."every_days",
           input."every_hours",
           input."lead_days",
           input."is_active"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/schedules, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
     where me.denied_as is null and me."schedules.edit"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/schedules/{schedule_id}
-- $1 system.session_key $2 path.schedule_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $1::bytea
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            when it.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join schedules it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null and me."schedules.edit";

-- PUT PATCH /api/v1/schedules/{schedule_id}
-- $1 system.ip $2 system.session_key $3 path.schedule_id $4 body.equipment $5 body.title $6 body.description
-- $7 body.priority_level $8 body.every_days $9 body.every_hours $10 body.next_due_on $11 body.next_due_hours
-- $12 body.lead_days $13 body.is_active $14 system.if_match $15 sent.equipment $16 sent.title $17 sent.description
-- $18 sent.priority_level $19 sent.every_days $20 sent.every_hours $21 sent.next_due_on $22 sent.next_due_hours
-- $23 sent.lead_days $24 sent.is_active
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
                        case when input."equipment" is not null
                              and input."equipment" is distinct from (select it."equipment" from schedules it where it.id = $3::bigint and (true))
                              and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end], null) as names
                    offset 0) found
             where found.names <> '{}') as refusal
      from me cross join (select $4::bigint as "equipment",
                                 $5::text as "title",
                                 $6::text as "description",
                                 $7::text as "priority_level",
                                 $8::integer as "every_days",
                                 $9::numeric as "every_hours",
                                 $10::date as "next_due_on",
                                 $11::numeric as "next_due_hours",
                                 $12::integer as "lead_days",
                                 $13::boolean as "is_active") input
     where me.denied_as is null and me."schedules.edit"
),
target as materialized (
    select it.*, (select coalesce((select jsonb_build_object('code', 'invalid', 'rules', found.names)
                                     from (select array_remove(array[
                                               case when input.every_days is null and input.every_hours is null then 'no_interval' end,
                                               case when input.every_days is null and $10::date is not null then 'no_days' end,
                                               case when input.every_hours is null and $11::numeric is not null then 'no_hours' end,
                                               case when input.lead_days >= input.every_days then 'long_lead' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when not it.version = any ($14::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $15::boolean then $4::bigint else it."equipment" end as "equipment",
                                 case when $16::boolean then $5::text else it."title" end as "title",
                                 case when $17::boolean then $6::text else it."description" end as "description",
                                 case when $18::boolean then $7::text else it."priority_level" end as "priority_level",
                                 case when $19::boolean then $8::integer else it."every_days" end as "every_days",
                                 case when $20::boolean then $9::numeric else it."every_hours" end as "every_hours",
                                 case when $21::boolean then $10::date else it."next_due_on" end as "next_due_on",
                                 case when $22::boolean then $11::numeric else it."next_due_hours" end as "next_due_hours",
                                 case when $23::boolean then $12::integer else it."lead_days" end as "lead_days",
                                 case when $24::boolean then $13::boolean else it."is_active" end as "is_active") input) as refusal
      from me join schedules it
               on it.id = $3::bigint
              and (true)
     where me.denied_as is null and me."schedules.edit"
       for update of it
),
authorized as (
    select target.* from target, referred
     where target.refusal is null and referred.refusal is null
),
answer as (
    update schedules it
       set ("next_due_on", "next_due_hours", "equipment", "title", "description", "priority_level", "every_days", "every_hours", "lead_days", "is_active") = (
               select case when input.every_days is not null then coalesce(input.next_due_on, current_date + input.every_days) end,
                      case when input.every_hours is not null
                           then coalesce(input.next_due_hours, least(9999999999.99, input.every_hours + coalesce(
                                    (select e.usage_hours from equipment e where e.id = input.equipment), 0))) end,
                      input."equipment",
                      input."title",
                      input."description",
                      input."priority_level",
                      input."every_days",
                      input."every_hours",
                      input."lead_days",
                      input."is_active"
                 from (select case when $15::boolean then $4::bigint else it."equipment" end as "equipment",
                              case when $16::boolean then $5::text else it."title" end as "title",
                              case when $17::boolean then $6::text else it."description" end as "description",
                              case when $18::boolean then $7::text else it."priority_level" end as "priority_level",
                              case when $19::boolean then $8::integer else it."every_days" end as "every_days",
                              case when $20::boolean then $9::numeric else it."every_hours" end as "every_hours",
                              case when $21::boolean then $10::date else it."next_due_on" end as "next_due_on",
                              case when $22::boolean then $11::numeric else it."next_due_hours" end as "next_due_hours",
                              case when $23::boolean then $12::integer else it."lead_days" end as "lead_days",
                              case when $24::boolean then $13::boolean else it."is_active" end as "is_active") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            when referred.refusal is not null then referred.refusal
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join referred on true
  left join target on true left join answer it on true;

-- PUT PATCH /api/v1/schedules/{schedule_id}, without references
-- $1 system.ip $2 system.session_key $3 body.next_due_on $4 body.next_due_hours $5 system.if_match $6 sent.equipment
-- $7 body.equipment $8 sent.title $9 body.title $10 sent.description $11 body.description $12 sent.priority_level
-- $13 body.priority_level $14 sent.every_days $15 body.every_days $16 sent.every_hours $17 body.every_hours
-- $18 sent.next_due_on $19 sent.next_due_hours $20 sent.lead_days $21 body.lead_days $22 sent.is_active
-- $23 body.is_active $24 path.schedule_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
                                               case when input.every_days is null and input.every_hours is null then 'no_interval' end,
                                               case when input.every_days is null and $3::date is not null then 'no_days' end,
                                               case when input.every_hours is null and $4::numeric is not null then 'no_hours' end,
                                               case when input.lead_days >= input.every_days then 'long_lead' end], null) as names
                                           offset 0) found
                                    where found.names <> '{}'),
                                  case when not it.version = any ($5::integer[]) then '{"code": "stale"}'::jsonb end)
                    from (select case when $6::boolean then $7::bigint else it."equipment" end as "equipment",
                                 case when $8::boolean then $9::text else it."title" end as "title",
                                 case when $10::boolean then $11::text else it."description" end as "description",
                                 case when $12::boolean then $13::text else it."priority_level" end as "priority_level",
                                 case when $14::boolean then $15::integer else it."every_days" end as "every_days",
                                 case when $16::boolean then $17::numeric else it."every_hours" end as "every_hours",
                                 case when $18::boolean then $3::date else it."next_due_on" end as "next_due_on",
                                 case when $19::boolean then $4::numeric else it."next_due_hours" end as "next_due_hours",
                                 case when $20::boolean then $21::integer else it."lead_days" end as "lead_days",
                                 case when $22::boolean then $23::boolean else it."is_active" end as "is_active") input) as refusal
      from me join schedules it
               on it.id = $24::bigint
              and (true)
     where me.denied_as is null and me."schedules.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update schedules it
       set ("next_due_on", "next_due_hours", "equipment", "title", "description", "priority_level", "every_days", "every_hours", "lead_days", "is_active") = (
               select case when input.every_days is not null then coalesce(input.next_due_on, current_date + input.every_days) end,
                      case when input.every_hours is not null
                           then coalesce(input.next_due_hours, least(9999999999.99, input.every_hours + coalesce(
                                    (select e.usage_hours from equipment e where e.id = input.equipment), 0))) end,
                      input."equipment",
                      input."title",
                      input."description",
                      input."priority_level",
                      input."every_days",
                      input."every_hours",
                      input."lead_days",
                      input."is_active"
                 from (select case when $6::boolean then $7::bigint else it."equipment" end as "equipment",
                              case when $8::boolean then $9::text else it."title" end as "title",
                              case when $10::boolean then $11::text else it."description" end as "description",
                              case when $12::boolean then $13::text else it."priority_level" end as "priority_level",
                              case when $14::boolean then $15::integer else it."every_days" end as "every_days",
                              case when $16::boolean then $17::numeric else it."every_hours" end as "every_hours",
                              case when $18::boolean then $3::date else it."next_due_on" end as "next_due_on",
                              case when $19::boolean then $4::numeric else it."next_due_hours" end as "next_due_hours",
                              case when $20::boolean then $21::integer else it."lead_days" end as "lead_days",
                              case when $22::boolean then $23::boolean else it."is_active" end as "is_active") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."equipment",
       it."title",
       it."description",
       it."priority_level",
       it."every_days",
       it."every_hours",
       it."next_due_on",
       it."next_due_hours",
       it."lead_days",
       it."is_active",
       it."open_order",
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/schedules/{schedule_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.schedule_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'schedules.edit' = any (s.permissions) as "schedules.edit",
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
      from me join schedules it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null and me."schedules.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from schedules it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."schedules.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

