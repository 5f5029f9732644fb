-- GET /api/v1/equipment
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
               (select it.* from equipment it
                 where (true)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from equipment it
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
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/equipment, filtered, after a cursor
-- $1 system.session_key $2 filter.name $3 cursor.id $4 page.limit
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
               (select it.* from equipment it
                 where (true)
                        and it."name" = $2
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
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/equipment, searched
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
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from equipment_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from equipment it
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
                  from (select texts.id from equipment_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from equipment it
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
                                                   from (select from (select it.* from equipment it
                                                                       where (true)
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from equipment_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from equipment_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from equipment it
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
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/equipment
-- $1 system.ip $2 system.session_key $3 body.name $4 body.serial_number $5 body.category $6 body.manufacturer
-- $7 body.model $8 body.location $9 body.status $10 body.acquired_on $11 body.service_life_months $12 body.service_life_hours
-- $13 body.notes
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'equipment.edit' = any (s.permissions) as "equipment.edit",
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
           coalesce(null::jsonb) as refusal
      from me cross join (select (null::equipment).*) it
     cross join (select $3::text as "name",
                        $4::text as "serial_number",
                        $5::text as "category",
                        $6::text as "manufacturer",
                        $7::text as "model",
                        $8::text as "location",
                        $9::text as "status",
                        $10::date as "acquired_on",
                        $11::integer as "service_life_months",
                        $12::numeric as "service_life_hours",
                        $13::text as "notes") input
     where me.denied_as is null and me."equipment.edit"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into equipment ("name", "serial_number", "category", "manufacturer", "model", "location", "status", "acquired_on", "service_life_months", "service_life_hours", "notes")
    select input."name",
           input."serial_number",
           input."category",
           input."manufacturer",
           input."model",
           input."location",
           input."status",
           input."acquired_on",
           input."service_life_months",
           input."service_life_hours",
           input."notes"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."equipment.edit" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/equipment, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'equipment.edit' = any (s.permissions) as "equipment.edit",
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
     where me.denied_as is null and me."equipment.edit"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."equipment.edit" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/equipment/{equipment_id}
-- $1 system.session_key $2 path.equipment_id
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
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join equipment it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null;

-- PUT PATCH /api/v1/equipment/{equipment_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.equipment_id $5 sent.name $6 body.name
-- $7 sent.serial_number $8 body.serial_number $9 sent.category $10 body.category $11 sent.manufacturer
-- $12 body.manufacturer $13 sent.model $14 body.model $15 sent.location $16 body.location $17 sent.status
-- $18 body.status $19 sent.acquired_on $20 body.acquired_on $21 sent.service_life_months $22 body.service_life_months
-- $23 sent.service_life_hours $24 body.service_life_hours $25 sent.notes $26 body.notes
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'equipment.edit' = any (s.permissions) as "equipment.edit",
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
      from me join equipment it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null and me."equipment.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update equipment it
       set ("name", "serial_number", "category", "manufacturer", "model", "location", "status", "acquired_on", "service_life_months", "service_life_hours", "notes") = (
               select input."name",
                      input."serial_number",
                      input."category",
                      input."manufacturer",
                      input."model",
                      input."location",
                      input."status",
                      input."acquired_on",
                      input."service_life_months",
                      input."service_life_hours",
                      input."notes"
                 from (select case when $5::boolean then $6::text else it."name" end as "name",
                              case when $7::boolean then $8::text else it."serial_number" end as "serial_number",
                              case when $9::boolean then $10::text else it."category" end as "category",
                              case when $11::boolean then $12::text else it."manufacturer" end as "manufacturer",
                              case when $13::boolean then $14::text else it."model" end as "model",
                              case when $15::boolean then $16::text else it."location" end as "location",
                              case when $17::boolean then $18::text else it."status" end as "status",
                              case when $19::boolean then $20::date else it."acquired_on" end as "acquired_on",
                              case when $21::boolean then $22::integer else it."service_life_months" end as "service_life_months",
                              case when $23::boolean then $24::numeric else it."service_life_hours" end as "service_life_hours",
                              case when $25::boolean then $26::text else it."notes" end as "notes") input)
      from authorized
     where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."equipment.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."name",
       it."serial_number",
       it."category",
       it."manufacturer",
       it."model",
       it."location",
       it."status",
       it."acquired_on",
       it."service_life_months",
       it."service_life_hours",
       it."usage_hours",
       it."notes",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       it."maintenance_count",
       (select count(*) from tasks t
       where t.equipment = it.id and is_open(t.status)),
       (select min(s.next_due_on) from schedules s
       where s.equipment = it.id and s.is_active),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/equipment/{equipment_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.equipment_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'equipment.edit' = any (s.permissions) as "equipment.edit",
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb
                      when exists (select from tasks t where t.equipment = it.id)
                           or exists (select from maintenance m where m.equipment = it.id)
                           or exists (select from readings r where r.equipment = it.id)
                        then '{"code": "has_history"}'::jsonb end as refusal
      from me join equipment it
               on it.id = $4::bigint
              and (true)
     where me.denied_as is null and me."equipment.edit"
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from equipment it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."equipment.edit" then '{"code": "permission_missing"}'::jsonb
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

