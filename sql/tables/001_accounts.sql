-- Accounts: users with their credentials apart, roles and permissions, sessions, failed logins, and the audit trail.

create table users (
    id           bigint generated always as identity primary key,
    username     text        not null,
    email        text        not null,
    first_name   text        not null default '',
    last_name    text        not null default '',
    is_active    boolean     not null default true,
    is_superuser boolean     not null default false,
    -- the very first account; the partial index below admits one, however many register at once
    is_first     boolean     not null default false,
    date_joined  timestamptz not null default now(),
    last_login   timestamptz,
    updated_at   timestamptz not null default now(),
    version      integer     not null default 1
);
-- names and addresses are unique without regard to case; the index is also how login finds them
create unique index username_taken on users (lower(username));
create unique index email_taken    on users (lower(email));
create unique index one_first_user on users (is_first) where is_first;

-- Hashes live apart from the rows that everybody lists, so that no select of a user can carry one.
create table credentials (
    user_id       bigint primary key references users on delete cascade,
    password_hash text        not null,  -- PHC string, Argon2id
    changed_at    timestamptz not null default now()
);

create table roles (
    id          bigint generated always as identity primary key,
    name        text        not null constraint role_name_taken unique,
    description text        not null default '',
    built_in    boolean     not null default false,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    version     integer     not null default 1
);
insert into roles (name, description, built_in) values
    ('employee',      'Everybody: works on tasks and records what was done.', true),
    ('manager',       'Assigns and oversees the work of others.',             true),
    ('administrator', 'May do everything.',                                   true);

-- Filled at each deployment with exactly the permissions that the handlers ask for.
create table permissions (
    code        text primary key,
    description text not null
);

create table role_permissions (
    role_id bigint not null references roles on delete cascade,
    code    text   not null references permissions on delete cascade,
    primary key (role_id, code)
);

create table user_roles (
    user_id bigint not null references users on delete cascade,
    role_id bigint not null constraint role_in_use references roles,
    primary key (user_id, role_id)
);
create index user_roles_of_role on user_roles (role_id);

-- A login or a personal access token: what a request's token is looked up in.
create table sessions (
    id           bigint generated always as identity primary key,
    user_id      bigint      not null references users on delete cascade,
    kind         text        not null default 'session' constraint session_kind check (kind in ('session', 'token')),
    key          bytea       not null constraint session_key unique,  -- SHA-256 of the token; the token itself is nowhere
    codes        text[],                                              -- what a token may do; null: all that its owner may
    name         text        not null default '',
    user_agent   text        not null default '',
    ip           text        not null default '',
    created_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at   timestamptz,                                         -- null: never (tokens only)
    ended_at     timestamptz,
    ended_as     text constraint session_ended_as check (ended_as in ('session_ended', 'session_superseded')),
    constraint session_codes check (array_position(codes, null) is null),
    constraint session_end check ((ended_at is null) = (ended_as is null))
);
-- the live ones of a user: for the policy "single", for lists and for "end all"
create index sessions_live on sessions (user_id, id) where ended_as is null;

-- Failed logins in a row, by name as it was given, whether such a user exists or not.
create table login_failures (
    name       text primary key,
    failures   integer     not null,
    last_at    timestamptz not null default now(),
    blocked_until timestamptz not null default now()
);
create index login_failures_old on login_failures (last_at);

-- Who changed what: written by one trigger (sql/functions/triggers.sql) in the transaction of the change.
create table audit (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    user_id    bigint,
    session_id bigint,
    ip         text,
    operation  text        not null,
    table_name text        not null,
    row_id     bigint      not null,
    old        jsonb,
    new        jsonb
);
create index audit_of_row on audit (table_name, row_id, id);
