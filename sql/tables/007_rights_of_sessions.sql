-- What a session may do, beside the session: a request finds its caller with all rights by one probe of one index.

-- Kept by triggers (sql/functions/user_rights.sql), which also fill the rows that are here already. No handler may write them.
alter table sessions
    add permissions  text[]  not null default '{}',     -- what the session may do; of a token no more than its codes
    add is_superuser boolean not null default false;    -- that of the account; of a token with codes always false
