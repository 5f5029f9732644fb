-- GET /api/v1/messages
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
               (select it.* from mailbox it
                 where (it.holder = me.id)
                 order by it.id desc limit $2)
           ) it
     where me.denied_as is null
     order by it.id desc limit $2
),
total as materialized (
    select case when read.rows < $2 then read.rows else (select count(*)
              from (select from (
                       (select 1 from mailbox it
                         where (it.holder = me.id)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."sender",
       (select jsonb_agg(c.holder order by c.holder)
       from message_copies c where c.message = it.id and c.is_received),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       it."read_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- GET /api/v1/messages, filtered, after a cursor
-- $1 system.session_key $2 filter.sender $3 cursor.id $4 page.limit
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
               (select it.* from mailbox it
                 where (it.holder = me.id)
                        and it."sender" = $2
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
       it."sender",
       (select jsonb_agg(c.holder order by c.holder)
       from message_copies c where c.message = it.id and c.is_received),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       it."read_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
 order by it.id desc;

-- GET /api/v1/messages, searched
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
page as (
    select it.*
      from me cross join lateral (
               (select it.*, true as has_texts from mailbox it
                 where (it.holder = me.id)
                        and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from messages_texts texts where texts.id = it.id)
                 order by it.id desc limit $3)
           ) it
     where me.denied_as is null
     order by it.id desc limit $3
),
total as materialized (
    select case when read.rows < $3 then read.rows else (select count(*)
              from (select from (
                       (select 1 from mailbox it
                         where (it.holder = me.id)
                                and (select texts.folded like all ((select patterns from sought)::text[]) and texts.folded ~ all ((select long_words from sought)::text[]) from messages_texts texts where texts.id = it.id)
                         limit 1001)
                   ) it limit 1001) it) end as rows
      from me cross join (select count(*) as rows from page) read
     where me.denied_as is null
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as) end as refusal,
       me.should_touch as touch, me.id as caller, total.rows as total, it.id is not null as exists,
       it."id",
       it."sender",
       (select jsonb_agg(c.holder order by c.holder)
       from message_copies c where c.message = it.id and c.is_received),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       it."read_at",
       it."version"
  from (values (true)) as one left join me on true
  left join page it on true
  left join total on true
 order by it.id desc;

-- POST /api/v1/messages
-- $1 system.ip $2 system.session_key $3 body.recipients $4 body.subject $5 body.body $6 body.task
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'messages.send' = any (s.permissions) as "messages.send",
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
                                 case when exists (select from jsonb_array_elements_text($3::jsonb) named (id)
                                                    where not exists (select from users it where it.id = named.id::bigint and (true) and it.is_active offset 0)) then 'recipients' end,
                                 case when input."task" is not null
                                       and not exists (select from tasks it where it.id = input."task" and (it.equipment is not null or it.author = me.id or it."user" = me.id and it.author <> it."user" or me."tasks.view_all")) then 'task' end], null) as names
                             offset 0) found
                      where found.names <> '{}'),
                    null::jsonb) as refusal
      from me cross join (select (null::messages).*) it
     cross join (select $4::text as "subject",
                        $5::text as "body",
                        $6::bigint as "task") input
     where me.denied_as is null and me."messages.send"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into messages ("sender", "subject", "body", "task")
    select me.id,
           input."subject",
           input."body",
           input."task"
      from authorized input cross join me
    returning *
),
copies as (
    insert into message_copies (message, holder, sender, sent_at, is_sent, is_received)
    select answer.id, copy.holder, answer.sender, answer.sent_at, bool_or(copy.is_sent), not bool_and(copy.is_sent)
      from answer cross join lateral (
               select answer.sender as holder, true as is_sent
                union all
               select named.id::bigint, false from jsonb_array_elements_text($3::jsonb) named (id)) copy
     group by answer.id, answer.sender, answer.sent_at, copy.holder
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."messages.send" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."sender",
       (select jsonb_agg(named.id::bigint order by named.id::bigint)
       from jsonb_array_elements_text($3::jsonb) named (id)),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       null::timestamptz,
       1
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/messages, without references
-- $1 system.ip $2 system.session_key $3 body.subject $4 body.body $5 body.task $6 body.recipients
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'messages.send' = any (s.permissions) as "messages.send",
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
      from me cross join (select (null::messages).*) it
     cross join (select $3::text as "subject",
                        $4::text as "body",
                        $5::bigint as "task") input
     where me.denied_as is null and me."messages.send"
),
authorized as (
    select target.* from target
     where target.refusal is null
),
answer as (
    insert into messages ("sender", "subject", "body", "task")
    select me.id,
           input."subject",
           input."body",
           input."task"
      from authorized input cross join me
    returning *
),
copies as (
    insert into message_copies (message, holder, sender, sent_at, is_sent, is_received)
    select answer.id, copy.holder, answer.sender, answer.sent_at, bool_or(copy.is_sent), not bool_and(copy.is_sent)
      from answer cross join lateral (
               select answer.sender as holder, true as is_sent
                union all
               select named.id::bigint, false from jsonb_array_elements_text($6::jsonb) named (id)) copy
     group by answer.id, answer.sender, answer.sent_at, copy.holder
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."messages.send" then '{"code": "permission_missing"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."sender",
       (select jsonb_agg(named.id::bigint order by named.id::bigint)
       from jsonb_array_elements_text($6::jsonb) named (id)),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       null::timestamptz,
       1
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- POST /api/v1/messages, the claim of its Idempotency-Key
-- $1 system.ip $2 system.session_key $3 system.route $4 system.idempotency_key $5 system.digest
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           'messages.send' = any (s.permissions) as "messages.send",
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
     where me.denied_as is null and me."messages.send"
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when not me."messages.send" then '{"code": "permission_missing"}'::jsonb end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true;

-- GET /api/v1/messages/{message_id}
-- $1 system.session_key $2 path.message_id
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
       it."sender",
       (select jsonb_agg(c.holder order by c.holder)
       from message_copies c where c.message = it.id and c.is_received),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       it."read_at",
       it."version"
  from (values (true)) as one left join me on true
  left join mailbox it
              on it.id = $2::bigint
             and (it.holder = me.id)
        and me.denied_as is null;

-- PATCH /api/v1/messages/{message_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.message_id $5 body.read
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           set_caller(s.user_id, s.id, $1::text) as set_for_audit,
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = $2::bytea
),
target as materialized (
    select it.*, case when not it.is_received then '{"code": "not_recipient"}'::jsonb
                      when not it.version = any ($3::integer[]) then '{"code": "stale"}'::jsonb end as refusal
      from me join mailbox it
               on it.id = $4::bigint
              and (it.holder = me.id)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
marked as (
    update message_copies c
       set read_at = case when $5::boolean then coalesce(c.read_at, now()) end,
           version = c.version + case when $5::boolean = (c.read_at is null) then 1 else 0 end
      from authorized
     where c.holder = authorized.holder and c.message = authorized.id
    returning c.read_at, c.version
), answer as (
    select authorized.id, authorized.sender, authorized.subject, authorized.body, authorized.task, authorized.sent_at,
           marked.read_at, marked.version
      from authorized cross join marked
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller,
       it."id",
       it."sender",
       (select jsonb_agg(c.holder order by c.holder)
       from message_copies c where c.message = it.id and c.is_received),
       it."subject",
       it."body",
       it."task",
       it."sent_at",
       it."read_at",
       it."version"
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

-- DELETE /api/v1/messages/{message_id}
-- $1 system.ip $2 system.session_key $3 system.if_match $4 path.message_id
with
me as (
    select s.user_id as id, s.id as session_id, s.kind,
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
      from me join mailbox it
               on it.id = $4::bigint
              and (it.holder = me.id)
     where me.denied_as is null
       for update of it
),
authorized as (
    select target.* from target
     where target.refusal is null
),
taken_back as (
    delete from messages m using authorized where m.id = authorized.id and authorized.is_sent
), answer as (
    update message_copies c
       set is_deleted = true
      from authorized
     where c.holder = authorized.holder and c.message = authorized.id and not authorized.is_sent
    returning c.message as id
)
select case when me.id is null then '{"code": "not_authenticated"}'::jsonb
            when me.denied_as is not null then jsonb_build_object('code', me.denied_as)
            when target.id is null then '{"code": "not_found"}'::jsonb
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller
  from (values (true)) as one left join me on true
  left join target on true left join answer it on true;

