-- Rights that only the owner has. Those of the handlers' roles are in sql/grants.sql.

-- a handler that is taken over can create no tables, not even temporary ones
revoke create on schema public from public;
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;

-- Whether this is the hash of that user's password. The caller computes the hash; the stored one is never returned.
-- security definer: a handler can check a password without the right to read the hashes.
create or replace function is_password_hash(whose bigint, hash text) returns boolean
    stable language sql security definer set search_path = public, pg_temp as $$
    select exists (select from credentials where user_id = whose and password_hash = hash)
$$;
