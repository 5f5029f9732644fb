-- Creates the PostgreSQL role of each handler if it is missing. A superuser of PostgreSQL runs this file; it is safe to run
-- it again. The operating system's user of the same name logs in as this role (peer authentication), so the role has no
-- password. The owner grants its privileges (`fettle migrate`). It has no connection limit, because FETTLE_WORKERS limits
-- the connections, and a restarted handler opens new connections before PostgreSQL has noticed that the old ones are closed.
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
