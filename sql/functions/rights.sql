-- What nobody but the owner may do. What the roles of handlers may do is in sql/grants.sql.

-- a handler that is taken over makes no tables, not even temporary ones
revoke create on schema public from public;
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;
