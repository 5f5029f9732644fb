-- POST /api/v1/auth/refresh, sent by the endpoint's code
-- $1 extra.new_key $2 extra.old_key $3 extra.family $4 system.ip

    update sessions s
       set (refresh_key, last_used_at, expires_at, ended_at, ended_as) =
           (select case when fits then $1::bytea else s.refresh_key end,
                   case when fits then now() else s.last_used_at end,
                   case when fits then session_end(s.created_at) else s.expires_at end,
                   case when spent then now() else s.ended_at end,
                   case when spent then 'session_ended' else s.ended_as end
              from (select s.refresh_key = $2::bytea and s.ended_as is null and s.expires_at > now()
                           and u.is_active as fits,
                           s.refresh_key <> $2::bytea and s.ended_as is null as spent) how)
      from users u
     where s.refresh_family = $3::bytea and u.id = s.user_id
    returning case when s.refresh_key = $1::bytea then null
                   when not u.is_active then 'account_inactive'
                   when s.ended_as is not null then s.ended_as
                   else 'session_expired' end,
              u.id, s.key, set_caller(u.id, s.id, $4::text);

