-- Refresh tokens, personal access tokens, profiles, roles by name, permissions as a list, and the chain of the audit trail.

-- A refresh token is two parts: the first finds the session, the whole is valid once. A token that finds its session and
-- is not the newest one has been used before.
alter table sessions
    add refresh_family bytea constraint refresh_family unique,  -- SHA-256 of the first part
    add refresh_key    bytea,                                   -- SHA-256 of the newest token
    add version        integer not null default 1;
-- from now on an account that stops ends its sessions (sql/functions/triggers.sql)
update sessions s set ended_at = now(), ended_as = 'session_ended'
  from users u where u.id = s.user_id and not u.is_active and s.ended_as is null;
-- personal access tokens of a user; sessions_live serves logins
create index tokens_live on sessions (user_id, id) where kind = 'token' and ended_as is null;
-- what `fettle sweep` looks for
create index sessions_over on sessions (coalesce(ended_at, expires_at));

-- A person's side of an account; its id is the user's.
create table profiles (
    id            bigint primary key references users on delete cascade,
    phone         text        not null default '',
    job_title     text        not null default '',
    bio           text        not null default '',
    date_of_birth date,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    version       integer     not null default 1
);
insert into profiles (id) select id from users;

-- role names, like usernames, are unique without regard to case
alter table roles drop constraint role_name_taken;
create unique index name_taken on roles (lower(name));

-- lists are cut by ids
alter table permissions add id bigint generated always as identity constraint permission_id unique;

-- the trail by time, of everybody and of one user
create index audit_by_time on audit (at, id);
create index audit_of_user on audit (user_id, at, id);

-- The chain over the trail (sql/functions/audit.sql): one link for each row, in the order of sealing.
create table audit_seals (
    position  bigint      primary key,
    audit_id  bigint      not null constraint sealed_once unique,
    hash      bytea       not null,  -- SHA-256 of the former link's hash and this row
    sealed_at timestamptz not null default now()
);
-- Up to which id everything that can ever appear has been sealed, and what the next sealing can raise it to.
create table audit_sealing (
    one            boolean primary key default true check (one),
    complete       bigint  not null default 0,
    candidate      bigint  not null default 0,
    candidate_xmax xid8    not null default '0'
);
insert into audit_sealing default values;
