-- The PostgreSQL role of each handler, made where it is missing. Run by a superuser of PostgreSQL, as often as one likes.
-- It is that of the operating system's user of the same name (peer authentication), so it has no password; what it may do is
-- the owner's to say (`fettle migrate`). No connection limit: how many there can be, FETTLE_WORKERS says, and a handler that
-- is restarted opens its connections before PostgreSQL has noticed that the former ones are gone.
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
