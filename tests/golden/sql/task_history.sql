-- GET /api/v1/tasks/{task_id}/history
-- $1 system.session_key $2 path.task_id $3 page.limit
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
parent as materialized (
    select it.*
      from me join tasks it
                on it.id = $2::bigint
               and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from audit it
                 where (it.table_name = 'tasks')
                        and it.row_id = $2::bigint
                               and (me."tasks.view_all" or exists (select from parent where parent.author = me.id)
                                    or it.id > coalesce((select made.id from audit made
                                                          where made.table_name = 'tasks' and made.row_id = $2::bigint
                                                            and made.operation = 'update' and made.old -> 'equipment' = 'null'
                                                          order by made.at desc limit 1), 0))
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null and exists (select from parent)
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from audit it
                         where (it.table_name = 'tasks')
                                and it.row_id = $2::bigint
                                       and (me."tasks.view_all" or exists (select from parent where parent.author = me.id)
                                            or it.id > coalesce((select made.id from audit made
                                                                  where made.table_name = 'tasks' and made.row_id = $2::bigint
                                                                    and made.operation = 'update' and made.old -> 'equipment' = 'null'
                                                                  order by made.at desc limit 1), 0))
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null and exists (select from parent)
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when parent.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."at",
       it."user_id",
       (select u.username from users u where u.id = it.user_id),
       it."operation",
       it.old,
       it.new
  from (values (true)) as one left join me on true
  left join parent on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/tasks/{task_id}/history, filtered, after a cursor
-- $1 system.session_key $2 path.task_id $3 filter.user_id $4 cursor.id $5 page.limit
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
parent as materialized (
    select it.*
      from me join tasks it
                on it.id = $2::bigint
               and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")
     where me.denied_as is null
),
page as (
    select it.*
      from me cross join lateral (
               (select it.* from audit it
                 where (it.table_name = 'tasks')
                        and it.row_id = $2::bigint
                               and (me."tasks.view_all" or exists (select from parent where parent.author = me.id)
                                    or it.id > coalesce((select made.id from audit made
                                                          where made.table_name = 'tasks' and made.row_id = $2::bigint
                                                            and made.operation = 'update' and made.old -> 'equipment' = 'null'
                                                          order by made.at desc limit 1), 0))
                        and it."user_id" = $3
                        and (it.id) < ($4)
                 order by it.id desc limit $5)
           ) it
     where me.denied_as is null and exists (select from parent)
     order by it.id desc limit $5
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when parent.id is null then '{"code": "not_found"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, null as total, it.id is not null as exists,
       it."id",
       it."at",
       it."user_id",
       (select u.username from users u where u.id = it.user_id),
       it."operation",
       it.old,
       it.new
  from (values (true)) as one left join me on true
  left join parent on true
  left join page it on true
 order by it.id desc;

