-- Removes privileges that only the owner may have. The privileges of the handlers' roles are in sql/grants.sql.

-- so that a compromised handler cannot create tables, not even temporary ones
revoke create on schema public from public;
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;

-- Whether this is the hash of the user's password. The handler computes the hash; the stored hash is never returned.
-- security definer, so that a handler can check a password without the privilege to read the hashes.
create or replace function is_password_hash(whose bigint, hash text) returns boolean
    stable language sql security definer set search_path = public, pg_temp as $$
    select exists (select from credentials where user_id = whose and password_hash = hash)
$$;
