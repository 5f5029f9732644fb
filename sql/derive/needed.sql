-- Derives the privileges that statements need. For each group of the table `asked`, it finds the fewest privileges with
-- which PostgreSQL's own check allows all statements of the group to start, and stores them in the table `needed`. A
-- superuser runs it in a transaction that is rolled back.
--
-- A role without privileges gets all privileges of each relation for which PostgreSQL refuses a statement. Then each
-- privilege that the statement does not need is revoked again. The role has its privileges through memberships in roles with
-- one privilege each, because a change of membership does not make PostgreSQL plan the prepared statements again.
--
-- A function that not every role may execute is treated as a relation, too: its name is `function NAME`, its privilege is
-- `execute`. The privileges for the statements inside such a function are not derived, because it runs with its owner's
-- privileges, or only the owner calls it.

-- All privileges. `insert` and `update` are privileges on single columns, and so is `select` on tables with secrets or
-- permissions. On other tables, a role that reads rows may read all columns.
create temporary table atoms as
    select format('probe_%s_%s_%s', c.oid, k.kind, coalesce(a.attnum, 0)) as role, c.oid::regclass::text as relation, k.kind,
           a.attname as col, coalesce(a.attnum, 0) as place
      from pg_class c
     cross join unnest('{select,insert,update,delete}'::text[]) as k (kind)
      left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                              and (k.kind in ('insert', 'update')
                                   or k.kind = 'select' and c.relname in ('users', 'credentials', 'sessions'))
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
    union all
    select format('probe_%s_execute_0', p.oid), 'function ' || p.proname, 'execute', null, 0
      from pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
       and not has_function_privilege('public', p.oid, 'execute');
create temporary table needed (grp text, relation text, kind text, col text, place integer, role text,
                               any_column boolean);  -- any other column would do: for a lock, or a check that a row exists

-- Creates the roles: one for each privilege, one for all privileges of a kind on a relation, and one for all privileges on a
-- relation.
do $$
declare
    atom record;
begin
    create role probe inherit;
    for atom in select * from atoms loop
        execute format('create role %I inherit', atom.role);
        execute format('grant %s %s on %s to %I', atom.kind, '(' || quote_ident(atom.col) || ')', atom.relation, atom.role);
    end loop;
    for atom in select relation, kind, array_agg(quote_ident(role)) as roles from atoms group by relation, kind loop
        execute format('create role %I inherit', 'probe_' || atom.relation || '_' || atom.kind);
        execute format('grant %s to %I', array_to_string(atom.roles, ', '), 'probe_' || atom.relation || '_' || atom.kind);
    end loop;
    for atom in select relation, array_agg(distinct quote_ident('probe_' || relation || '_' || kind)) as roles from atoms group by relation loop
        execute format('create role %I inherit', 'probe_' || atom.relation);
        execute format('grant %s to %I', array_to_string(atom.roles, ', '), 'probe_' || atom.relation);
    end loop;
end $$;

-- The relation for which the role lacks a privilege when the statement starts; null if the statement is allowed.
create function pg_temp.refused(statement text, as_role text default 'probe') returns text language plpgsql as $$
declare
    words text;
begin
    execute format('set local role %I', as_role);
    execute 'explain execute ' || statement;
    reset role;
    return null;
exception when insufficient_privilege then  -- this also resets the role
    get stacked diagnostics words = message_text;
    return coalesce(substring(words from 'permission denied for (?:table|view) (\S+)'),
                    substring(words from 'permission denied for (function \S+)'), words);
end $$;

-- Whether any of these statements is refused.
create function pg_temp.any_refused(statements text[]) returns boolean language plpgsql as $$
begin
    for i in 1 .. cardinality(statements) loop
        if pg_temp.refused(statements[i]) is not null then return true; end if;
    end loop;
    return false;
end $$;

-- The kinds of privileges that exist for a relation.
create function pg_temp.kinds(of_relation text) returns text[] language sql as $$
    select case when of_relation like 'function %' then '{execute}'::text[] else '{select,insert,update,delete}' end
$$;

create function pg_temp.let(role text) returns void language plpgsql as $$ begin execute format('grant %I to probe', role); end $$;
create function pg_temp.stop(role text) returns void language plpgsql as $$ begin execute format('revoke %I from probe', role); end $$;

-- The role has all privileges of this kind on the relation. Revokes those that the statement does not need, and adds the
-- others to the table `needed`.
create function pg_temp.reduce(asks text, statement text, relation text, kind text) returns void language plpgsql as $$
declare
    whole text := 'probe_' || relation || '_' || kind;
    atom record;
begin
    perform pg_temp.stop(whole);
    if pg_temp.refused(statement) is null then return; end if;
    for atom in select * from atoms a where a.relation = reduce.relation and a.kind = reduce.kind order by a.place limit 1 loop
        perform pg_temp.let(atom.role);
        if pg_temp.refused(statement) is null then
            insert into needed values (asks, relation, kind, atom.col, atom.place, atom.role, atom.col is not null);
            return;
        end if;
        perform pg_temp.stop(atom.role);
    end loop;
    for atom in select * from atoms a where a.relation = reduce.relation and a.kind = reduce.kind loop
        perform pg_temp.let(atom.role);
    end loop;
    for atom in select * from atoms a where a.relation = reduce.relation and a.kind = reduce.kind order by a.place loop
        if exists (select from needed n where n.grp = asks and n.role = atom.role) then continue; end if;
        perform pg_temp.stop(atom.role);
        if pg_temp.refused(statement) is null then continue; end if;
        perform pg_temp.let(atom.role);
        insert into needed values (asks, relation, kind, atom.col, atom.place, atom.role, false);
    end loop;
end $$;

-- Adds to the table `needed` the privileges of one statement that the previous statements of its group did not need.
create function pg_temp.derive(asks text, statement text) returns void language plpgsql as $$
declare
    relations text[] := '{}';
    denied text;
    each text;
    every text;
begin
    loop
        denied := pg_temp.refused(statement);
        exit when denied is null;
        if denied = any (relations) or not exists (select from atoms a where a.relation = denied) then
            raise 'a statement of % is refused with all privileges: %: %', asks, denied, statement;
        end if;
        relations := relations || denied;
        perform pg_temp.let('probe_' || denied);
    end loop;
    foreach each in array relations loop
        foreach every in array pg_temp.kinds(each) loop perform pg_temp.let('probe_' || each || '_' || every); end loop;
        perform pg_temp.stop('probe_' || each);
        foreach every in array pg_temp.kinds(each) loop perform pg_temp.reduce(asks, statement, each, every); end loop;
    end loop;
end $$;

do $$
declare
    asks record;
    statements text[];
    held record;
begin
    set local plan_cache_mode = force_generic_plan;
    for asks in select grp, array_agg(text order by length(text), text) filter (where text is not null) as texts,
                       array_agg(parameters order by length(text), text) filter (where text is not null) as parameters
                  from asked group by grp order by grp loop
        statements := '{}';
        for i in 1 .. coalesce(cardinality(asks.texts), 0) loop
            execute format('prepare s%s as %s', i, asks.texts[i]);
            statements[i] := 's' || i || coalesce('(' || nullif(array_to_string(array_fill('null'::text, array[asks.parameters[i]]), ', '), '') || ')', '');
            perform pg_temp.derive(asks.grp, statements[i]);
        end loop;
        -- if any column is sufficient for one statement and another statement needs a certain column, that column is enough
        -- for both
        for held in select n.role from needed n where n.grp = asks.grp and n.any_column
                      and exists (select from needed o where o.grp = n.grp and o.relation = n.relation and o.kind = n.kind and o.role <> n.role) loop
            perform pg_temp.stop(held.role);
            if pg_temp.any_refused(statements) then
                perform pg_temp.let(held.role);
                update needed set any_column = false where grp = asks.grp and role = held.role;
            else
                delete from needed where grp = asks.grp and role = held.role;
            end if;
        end loop;
        for held in select role from needed where grp = asks.grp loop perform pg_temp.stop(held.role); end loop;
        execute 'deallocate all';
    end loop;
end $$;
