-- Makes the PostgreSQL role of each handler where it is missing. A superuser of PostgreSQL runs it; running it again is safe.
-- The operating system's user of the same name logs in as this role (peer authentication), so it has no password. Its rights
-- are granted by the owner (`fettle migrate`). It has no connection limit: FETTLE_WORKERS limits the connections, and a
-- restarted handler opens new ones before PostgreSQL has noticed that the old ones are closed.
do $$
declare
    handler text;
begin
    foreach handler in array '{@HANDLERS@}'::text[] loop
        if not exists (select from pg_roles where rolname = 'fettle_' || handler) then
            execute format('create role %I login noinherit', 'fettle_' || handler);
        end if;
    end loop;
end $$;
