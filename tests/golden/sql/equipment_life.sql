-- GET /api/v1/equipment/{equipment_id}/life
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
       it.id,
       it."acquired_on",
       it."service_life_months",
       months_since(it.acquired_on)::numeric(12,2),
       months_left(it.acquired_on, it.service_life_months)::numeric(12,2),
       life_end(it.acquired_on, it.service_life_months),
       it."service_life_hours",
       it."usage_hours",
       hours_left(it.usage_hours, it.service_life_hours)::numeric(12,2),
       hours_per_day(it.id)::numeric(12,2),
       hours_end(it.id, it.usage_hours, it.usage_read_at, it.service_life_hours),
       least(life_end(it.acquired_on, it.service_life_months),
       hours_end(it.id, it.usage_hours, it.usage_read_at, it.service_life_hours)),
       greatest(months_used(it.acquired_on, it.service_life_months),
       hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2),
       it."maintenance_count",
       it."maintenance_hours",
       it."maintenance_cost",
       (select max(m.performed_at) from maintenance m where m.equipment = it.id),
       (select (extract(epoch from max(m.performed_at) - min(m.performed_at)) / 86400
           / nullif(it.maintenance_count - 1, 0))::numeric(12,2)
       from maintenance m where m.equipment = it.id)
  from (values (true)) as one left join me on true
  left join equipment it
              on it.id = $2::bigint
             and (true)
        and me.denied_as is null;

