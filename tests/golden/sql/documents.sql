-- GET /api/v1/documents
-- $1 system.session_key $2 page.limit $3 system.base_url $4 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
               (select it.* from documents it
                 where (me."documents.view_all")
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it.owner = me.id) and (me."documents.view_all") is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true
                 order by it.id desc limit $2)
               union all
               (select it.* from documents it
                 where (it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) is not true
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from documents it
                         where (me."documents.view_all")
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it.owner = me.id) and (me."documents.view_all") is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) is not true
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($3::text, 'document', it.sha256, it.file_name, it.content_type, $4::bigint),
       to_timestamp($4::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/documents, filtered, after a cursor
-- $1 system.session_key $2 filter.owner $3 cursor.id $4 page.limit $5 system.base_url $6 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
               (select it.* from documents it
                 where (me."documents.view_all")
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it.owner = me.id) and (me."documents.view_all") is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true
                        and it."owner" = $2
                        and (it.id) < ($3)
                 order by it.id desc limit $4)
               union all
               (select it.* from documents it
                 where (it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) is not true
                        and it."owner" = $2
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
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($5::text, 'document', it.sha256, it.file_name, it.content_type, $6::bigint),
       to_timestamp($6::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/documents, searched
-- $1 system.session_key $2 filter.search $3 page.limit $4 system.base_url $5 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from documents it
                where (me."documents.view_all")
                order by it.id desc limit 1000
           ) it
     where me.denied_as is null
),
near_7 as materialized (
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from documents it
                where (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                order by it.id desc limit 1000
           ) it
     where me.denied_as is null
),
near_8 as materialized (
    select it.*, coalesce((select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id), false) as has_texts
      from me cross join lateral (
               select it.* from documents it
                where (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
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
                  from (select texts.id from documents_texts texts
                         where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                         order by texts.id + 0 desc limit $3) found
                 cross join lateral (select it.* from documents it
                                      where it.id = found.id and (me."documents.view_all")
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_1)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it.owner = me.id) and (me."documents.view_all") is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.* from near_7 it where it.has_texts and (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_7))
               union all
               (select it.*, true as has_texts
                  from (select texts.id from documents_texts texts
                         where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                         offset 0) found
                 cross join lateral (select it.* from documents it
                                      where it.id = found.id and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_7)
                 order by it.id desc limit $3)
               union all
               (select it.* from near_8 it where it.has_texts and (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_8))
               union all
               (select it.*, true as has_texts
                  from (select texts.id from documents_texts texts
                         where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                         offset 0) found
                 cross join lateral (select it.* from documents it
                                      where it.id = found.id and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                                      offset 0) it
                 where not (select count(*) < 1000 or count(*) filter (where has_texts) >= $3 from near_8)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
               union all
               (select it.*, true as has_texts from documents it
                 where (it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) is not true
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
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
                                                   from (select from (select it.* from documents it
                                                                       where (me."documents.view_all")
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from documents_texts texts
                                                                  where texts.folded like (select patterns[1] from sought) and texts.folded like (select patterns[2] from sought) and texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[])
                                                                  offset 0) found
                                                          cross join lateral (select it.* from documents it
                                                                               where it.id = found.id and (me."documents.view_all")
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from documents it
                         where (it.owner = me.id) and (me."documents.view_all") is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from generate_series(1, (
                            select case when near.rows < 1000 then near.found else greatest(dense.rows, found.rows) end
                              from (select count(*) as rows, count(*) filter (where has_texts) as found from near_7) near
                             cross join lateral (select count(*) as rows
                                                   from (select from (select it.* from documents it
                                                                       where (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from documents_texts texts
                                                                  where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                                                                  offset 0) found
                                                          cross join lateral (select it.* from documents it
                                                                               where it.id = found.id and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from generate_series(1, (
                            select case when near.rows < 1000 then near.found else greatest(dense.rows, found.rows) end
                              from (select count(*) as rows, count(*) filter (where has_texts) as found from near_8) near
                             cross join lateral (select count(*) as rows
                                                   from (select from (select it.* from documents it
                                                                       where (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                                                                       order by it.id desc limit 5005) it
                                                          where (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id) limit 1001) it
                                                  where near.rows = 1000 and near.found >= 1000 / 4) dense
                             cross join lateral (select count(*) as rows
                                                   from (select 1
                                                           from (select texts.id from documents_texts texts
                                                                  where (case when texts.is_public then texts.folded end) like (select patterns[1] from sought) and (case when texts.is_public then texts.folded end) like (select patterns[2] from sought) and (case when texts.is_public then texts.folded end) like all ((select patterns from sought)::text[]) and (case when texts.is_public then texts.folded end) ~ all ((select long_words from sought)::text[]) and texts.is_public
                                                                  offset 0) found
                                                          cross join lateral (select it.* from documents it
                                                                               where it.id = found.id and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true
                                                                               offset 0) it
                                                          limit 1001) it
                                                  where near.rows = 1000 and dense.rows < 1001) found)))
                       union all
                       (select 1 from documents it
                         where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                       union all
                       (select 1 from documents it
                         where (it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id))) and (me."documents.view_all") is not true and (it.owner = me.id) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all"))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id))) is not true and (it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user"))) is not true and (it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true))) is not true and (it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))) is not true and (it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id))) is not true
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from documents_texts texts where texts.id = it.id)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($4::text, 'document', it.sha256, it.file_name, it.content_type, $5::bigint),
       to_timestamp($5::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/documents, the lock that it takes first
-- $1 system.session_key
insert into storage_used (user_id, bytes)
                select s.user_id, 0 from sessions s where s.key = $1::bytea and s.ended_as is null
                    on conflict (user_id) do update set bytes = storage_used.bytes;

-- POST /api/v1/documents
-- $1 system.ip $2 system.session_key $3 system.quota $4 system.file_size $5 body.file_name $6 body.title
-- $7 body.task $8 body.equipment $9 body.maintenance $10 body.report $11 body.message $12 system.file_sha256
-- $13 system.file_type $14 system.base_url $15 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.create' = any (s.permissions) as "documents.create",
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
target as materialized (
    select input.*,
           coalesce((select jsonb_build_object('code', 'no_such', 'fields', found.names)
                       from (select array_remove(array[
                                 case when input."task" is not null
                                       and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end,
                                 case when input."equipment" is not null
                                       and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end,
                                 case when input."maintenance" is not null
                                       and not exists (select from maintenance it where it.id = input."maintenance" and (true)) then 'maintenance' end,
                                 case when input."report" is not null
                                       and not exists (select from reports it where it.id = input."report" and (it.author = me.id or me."reports.view_all")) then 'report' end,
                                 case when input."message" is not null
                                       and not exists (select from mailbox it where it.id = input."message" and (it.holder = me.id)) then 'message' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    case when num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1
                           then '{"code": "one_attachment"}'::jsonb
                         when $3::bigint > 0 and $3::bigint <
                              $4::bigint + coalesce((select u.bytes from storage_used u where u.user_id = me.id), 0)
                           then jsonb_build_object('code', 'quota_exceeded', 'name', (select concat(round(coalesce(max(u.bytes), 0) / 1048576.0, 1), ' of ', $3::bigint / 1048576, ' MiB')
                                                                                     from storage_used u where u.user_id = me.id)) end) as refusal
      from me cross join (select (null::documents).*) it
     cross join (select $5::text as "file_name",
                        $6::text as "title",
                        $7::bigint as "task",
                        $8::bigint as "equipment",
                        $9::bigint as "maintenance",
                        $10::bigint as "report",
                        $11::bigint as "message") input
     where me.denied_as is null and me."documents.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into documents ("owner", "sha256", "size_bytes", "content_type", "file_name", "title", "task", "equipment", "maintenance", "report", "message")
    select me.id,
           $12::text,
           $4::bigint,
           $13::text,
           input."file_name",
           input."title",
           input."task",
           input."equipment",
           input."maintenance",
           input."report",
           input."message"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."documents.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($14::text, 'document', it.sha256, it.file_name, it.content_type, $15::bigint),
       to_timestamp($15::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/documents, without references
-- $1 system.ip $2 system.session_key $3 system.quota $4 system.file_size $5 body.file_name $6 body.title
-- $7 body.task $8 body.equipment $9 body.maintenance $10 body.report $11 body.message $12 system.file_sha256
-- $13 system.file_type $14 system.base_url $15 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.create' = any (s.permissions) as "documents.create",
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
           coalesce(case when num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1
                           then '{"code": "one_attachment"}'::jsonb
                         when $3::bigint > 0 and $3::bigint <
                              $4::bigint + coalesce((select u.bytes from storage_used u where u.user_id = me.id), 0)
                           then jsonb_build_object('code', 'quota_exceeded', 'name', (select concat(round(coalesce(max(u.bytes), 0) / 1048576.0, 1), ' of ', $3::bigint / 1048576, ' MiB')
                                                                                     from storage_used u where u.user_id = me.id)) end) as refusal
      from me cross join (select (null::documents).*) it
     cross join (select $5::text as "file_name",
                        $6::text as "title",
                        $7::bigint as "task",
                        $8::bigint as "equipment",
                        $9::bigint as "maintenance",
                        $10::bigint as "report",
                        $11::bigint as "message") input
     where me.denied_as is null and me."documents.create"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into documents ("owner", "sha256", "size_bytes", "content_type", "file_name", "title", "task", "equipment", "maintenance", "report", "message")
    select me.id,
           $12::text,
           $4::bigint,
           $13::text,
           input."file_name",
           input."title",
           input."task",
           input."equipment",
           input."maintenance",
           input."report",
           input."message"
      from authorized input cross join me
    returning *
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."documents.create" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($14::text, 'document', it.sha256, it.file_name, it.content_type, $15::bigint),
       to_timestamp($15::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/documents, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.create' = any (s.permissions) as "documents.create",
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
taken as (
    insert into idempotency_keys (user_id, route, key, digest)
    select me.id, $3::text, $4::text, $5::text from me
     where me.denied_as is null and me."documents.create"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."documents.create" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/documents/{document_id}
-- $1 system.session_key $2 system.base_url $3 system.media_expires $4 path.document_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
           'reports.view_all' = any (s.permissions) as "reports.view_all",
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
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($2::text, 'document', it.sha256, it.file_name, it.content_type, $3::bigint),
       to_timestamp($3::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join documents it
              on it.id = $4::bigint
             and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all")))
        and me.denied_as is null;

-- PATCH /api/v1/documents/{document_id}
-- $1 system.ip $2 system.session_key $3 path.document_id $4 body.file_name $5 body.title $6 body.task
-- $7 body.equipment $8 body.maintenance $9 body.report $10 body.message $11 system.if_match $12 sent.file_name
-- $13 sent.title $14 sent.task $15 sent.equipment $16 sent.maintenance $17 sent.report $18 sent.message
-- $19 system.base_url $20 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
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
                              and input."task" is distinct from (select it."task" from documents it where it.id = $3::bigint and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))))
                              and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end,
                        case when input."equipment" is not null
                              and input."equipment" is distinct from (select it."equipment" from documents it where it.id = $3::bigint and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))))
                              and not exists (select from equipment it where it.id = input."equipment" and (true)) then 'equipment' end,
                        case when input."maintenance" is not null
                              and input."maintenance" is distinct from (select it."maintenance" from documents it where it.id = $3::bigint and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))))
                              and not exists (select from maintenance it where it.id = input."maintenance" and (true)) then 'maintenance' end,
                        case when input."report" is not null
                              and input."report" is distinct from (select it."report" from documents it where it.id = $3::bigint and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))))
                              and not exists (select from reports it where it.id = input."report" and (it.author = me.id or me."reports.view_all")) then 'report' end,
                        case when input."message" is not null
                              and input."message" is distinct from (select it."message" from documents it where it.id = $3::bigint and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all"))))
                              and not exists (select from mailbox it where it.id = input."message" and (it.holder = me.id)) then 'message' end], null) as names
                    offset 0) found
             where found.names <> '{}') as refusal
      from me cross join (select $4::text as "file_name",
                                 $5::text as "title",
                                 $6::bigint as "task",
                                 $7::bigint as "equipment",
                                 $8::bigint as "maintenance",
                                 $9::bigint as "report",
                                 $10::bigint as "message") input
     where me.denied_as is null
),
target as materialized (
    select it.*, (select case when num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1
                                then '{"code": "one_attachment"}'::jsonb
                              when it.owner <> me.id then '{"code": "not_owner"}'::jsonb
                              when not it.version = any ($11::integer[]) then '{"code": "stale"}'::jsonb end
                    from (select case when $12::boolean then $4::text else it."file_name" end as "file_name",
                                 case when $13::boolean then $5::text else it."title" end as "title",
                                 case when $14::boolean then $6::bigint else it."task" end as "task",
                                 case when $15::boolean then $7::bigint else it."equipment" end as "equipment",
                                 case when $16::boolean then $8::bigint else it."maintenance" end as "maintenance",
                                 case when $17::boolean then $9::bigint else it."report" end as "report",
                                 case when $18::boolean then $10::bigint else it."message" end as "message") input) as refusal
      from me join documents it
               on it.id = $3::bigint
              and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all")))
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target, referred
     where target.refusal is null and referred.refusal is null
),
answer as (
    update documents it
       set ("file_name", "title", "task", "equipment", "maintenance", "report", "message") = (
               select input."file_name",
                      input."title",
                      input."task",
                      input."equipment",
                      input."maintenance",
                      input."report",
                      input."message"
                 from (select case when $12::boolean then $4::text else it."file_name" end as "file_name",
                              case when $13::boolean then $5::text else it."title" end as "title",
                              case when $14::boolean then $6::bigint else it."task" end as "task",
                              case when $15::boolean then $7::bigint else it."equipment" end as "equipment",
                              case when $16::boolean then $8::bigint else it."maintenance" end as "maintenance",
                              case when $17::boolean then $9::bigint else it."report" end as "report",
                              case when $18::boolean then $10::bigint else it."message" end as "message") input)
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
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($19::text, 'document', it.sha256, it.file_name, it.content_type, $20::bigint),
       to_timestamp($20::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join referred on true
  left join target on true left join answer it on true;

-- PATCH /api/v1/documents/{document_id}, without references
-- $1 system.ip $2 system.session_key $3 system.if_match $4 sent.file_name $5 body.file_name $6 sent.title
-- $7 body.title $8 sent.task $9 body.task $10 sent.equipment $11 body.equipment $12 sent.maintenance
-- $13 body.maintenance $14 sent.report $15 body.report $16 sent.message $17 body.message $18 path.document_id
-- $19 system.base_url $20 system.media_expires
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
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
target as materialized (
    select it.*, (select case when num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1
                                then '{"code": "one_attachment"}'::jsonb
                              when it.owner <> me.id then '{"code": "not_owner"}'::jsonb
                              when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end
                    from (select case when $4::boolean then $5::text else it."file_name" end as "file_name",
                                 case when $6::boolean then $7::text else it."title" end as "title",
                                 case when $8::boolean then $9::bigint else it."task" end as "task",
                                 case when $10::boolean then $11::bigint else it."equipment" end as "equipment",
                                 case when $12::boolean then $13::bigint else it."maintenance" end as "maintenance",
                                 case when $14::boolean then $15::bigint else it."report" end as "report",
                                 case when $16::boolean then $17::bigint else it."message" end as "message") input) as refusal
      from me join documents it
               on it.id = $18::bigint
              and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all")))
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    update documents it
       set ("file_name", "title", "task", "equipment", "maintenance", "report", "message") = (
               select input."file_name",
                      input."title",
                      input."task",
                      input."equipment",
                      input."maintenance",
                      input."report",
                      input."message"
                 from (select case when $4::boolean then $5::text else it."file_name" end as "file_name",
                              case when $6::boolean then $7::text else it."title" end as "title",
                              case when $8::boolean then $9::bigint else it."task" end as "task",
                              case when $10::boolean then $11::bigint else it."equipment" end as "equipment",
                              case when $12::boolean then $13::bigint else it."maintenance" end as "maintenance",
                              case when $14::boolean then $15::bigint else it."report" end as "report",
                              case when $16::boolean then $17::bigint else it."message" end as "message") input)
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
       it."owner",
       it."title",
       it."file_name",
       it."content_type",
       it."size_bytes",
       it."sha256",
       it."task",
       it."equipment",
       it."maintenance",
       it."report",
       it."message",
       jsonb_build_array($19::text, 'document', it.sha256, it.file_name, it.content_type, $20::bigint),
       to_timestamp($20::bigint),
       it."created_at",
       it."updated_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/documents/{document_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.document_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'documents.view_all' = any (s.permissions) as "documents.view_all",
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
target as materialized (
    select it.*, case when it.owner <> me.id then '{"code": "not_owner"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join documents it
               on it.id = $4::bigint
              and (it.owner = me.id or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.equipment is not null)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached.author = me.id)) or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (attached."user" = me.id and attached.author <> attached."user")) or it."equipment" is not null and exists (select from equipment attached where attached.id = it."equipment" and (true)) or it."maintenance" is not null and exists (select from maintenance attached where attached.id = it."maintenance" and (true)) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (attached.author = me.id)) or it."message" is not null and exists (select from mailbox attached where attached.id = it."message" and (attached.holder = me.id)) or me."documents.view_all" or it."task" is not null and exists (select from tasks attached where attached.id = it."task" and (me."tasks.view_all")) or it."report" is not null and exists (select from reports attached where attached.id = it."report" and (me."reports.view_all")))
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    delete from documents it using authorized where it.id = authorized.id
    returning it.*
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

