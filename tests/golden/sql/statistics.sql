-- GET /api/v1/statistics/tasks
-- $1 system.session_key
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
target as materialized (
    select me.id as caller, null::jsonb as refusal
      from me
     where me.denied_as is null and me."reports.view_all"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
counted as materialized (
    select t.status, t.priority_level, count(*) as count from tasks t group by t.status, t.priority_level
), kinds as materialized (
    select status, s.place as status_place, priority_level, p.place as priority_place,
           coalesce(counted.count, 0) as count
      from unnest('{Pending,In Progress,Complete,Cancelled}'::text[]) with ordinality s (status, place)
     cross join unnest('{Low,Medium,High,Critical}'::text[]) with ordinality p (priority_level, place)
      left join counted using (status, priority_level)
), answer as (
    select (select json_agg(x) from (
                select status, sum(count) as count from kinds group by status, status_place
                 order by status_place) x) as by_status,
           (select json_agg(x) from (
                select priority_level, sum(count) as count from kinds group by priority_level, priority_place
                 order by priority_place) x) as by_priority,
           (select json_agg(x) from (
                select status, priority_level, count from kinds
                 order by status_place, priority_place) x) as by_status_and_priority,
           (select json_agg(x) from (
                select priority_level, coalesce(late.count, 0) as count
                  from unnest('{Low,Medium,High,Critical}'::text[]) with ordinality p (priority_level, place)
                  left join (select t.priority_level, count(*) as count from tasks t
                              where is_open(t.status) and t.due_date < current_date
                              group by t.priority_level) late using (priority_level)
                 order by p.place) x) as overdue,
           (select json_agg(x) from (
                select to_char(week.starts_at, 'IYYY-"W"IW') as week, week.starts_at::date as starts_on,
                       coalesce(done.count, 0) as count
                  from generate_series(date_trunc('week', now()) - interval '51 weeks', date_trunc('week', now()),
                                       interval '1 week') week (starts_at)
                  left join (select date_trunc('week', t.completed_at) as starts_at, count(*) as count from tasks t
                              where t.completed_at >= date_trunc('week', now()) - interval '51 weeks'
                              group by 1) done using (starts_at)
                 order by week.starts_at) x) as completed
      from authorized
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.view_all" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."by_status",
       it."by_priority",
       it."by_status_and_priority",
       it."overdue",
       it."completed"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- GET /api/v1/statistics/equipment
-- $1 system.session_key
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
target as materialized (
    select me.id as caller, null::jsonb as refusal
      from me
     where me.denied_as is null and me."reports.view_all"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    select (select json_agg(x) from (
                select status, coalesce(counted.count, 0) as count
                  from unnest('{Operational,Under Maintenance,Out of Service,Retired}'::text[])
                       with ordinality s (status, place)
                  left join (select e.status, count(*) as count from equipment e group by e.status) counted
                 using (status)
                 order by s.place) x) as by_status,
           (select json_agg(x) from (
                select to_char(month.starts_at, 'YYYY-MM') as month, coalesce(done.records, 0) as records,
                       coalesce(done.hours_spent, 0)::numeric(20,2)::text as hours_spent,
                       coalesce(done.cost, 0)::numeric(20,2)::text as cost
                  from generate_series(date_trunc('month', now()) - interval '11 months', date_trunc('month', now()),
                                       interval '1 month') month (starts_at)
                  left join (select date_trunc('month', m.performed_at) as starts_at, count(*) as records,
                                    sum(m.hours_spent) as hours_spent, sum(m.cost) as cost
                               from maintenance m
                              where m.performed_at >= date_trunc('month', now()) - interval '11 months'
                              group by 1) done using (starts_at)
                 order by month.starts_at) x) as maintenance
      from authorized
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.view_all" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."by_status",
       it."maintenance"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- GET /api/v1/statistics/technicians
-- $1 system.session_key
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
target as materialized (
    select me.id as caller, null::jsonb as refusal
      from me
     where me.denied_as is null and me."reports.view_all"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
completed as (
    select t."user" as id, count(*) as tasks from tasks t where t.status = 'Complete' group by t."user"
), recorded as (
    select m.technician as id, count(*) as orders, sum(m.hours_spent) as hours_spent, sum(m.cost) as cost
      from maintenance m
     group by m.technician
), held as (
    select t."user" as id, count(*) as orders from tasks t
     where t.equipment is not null and is_open(t.status) and t.claimed_until > now()
     group by t."user"
), answer as (
    select (select coalesce(json_agg(x), '[]') from (
                select u.id as "user", u.username, coalesce(completed.tasks, 0) as tasks_completed,
                       coalesce(recorded.orders, 0) as orders_completed, coalesce(held.orders, 0) as orders_held,
                       coalesce(recorded.hours_spent, 0)::numeric(20,2)::text as hours_spent,
                       coalesce(recorded.cost, 0)::numeric(20,2)::text as cost
                  from completed full join recorded using (id) full join held using (id) join users u using (id)
                 order by u.username, u.id) x) as technicians
      from authorized
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."reports.view_all" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."technicians"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

