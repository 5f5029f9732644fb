-- What nobody but the owner may do. What the roles of handlers may do is in sql/grants.sql.

-- a handler that is taken over makes no tables, not even temporary ones
revoke create on schema public from public;
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;

-- Whether this is the hash of that user's password: yes or no for whoever has a hash, and for nobody a hash.
-- security definer: who checks a password need not be able to read any.
create or replace function is_password_hash(whose bigint, hash text) returns boolean
    stable language sql security definer set search_path = public, pg_temp as $$
    select exists (select from credentials where user_id = whose and password_hash = hash)
$$;
