-- The chain over the audit trail: sealing and verifying. Writers never wait for it: rows are linked afterwards, in the
-- order in which they are found.

-- What a link's hash is made of, beside the former hash; the moment as it is in UTC, wherever the caller is. A change of
-- this text breaks every chain that there is.
create or replace function audit_text(a audit) returns text stable language sql as $$
    select jsonb_build_array(a.id, a.at at time zone 'UTC', a.user_id, a.session_id, a.ip, a.operation, a.table_name, a.row_id, a.old, a.new)::text
$$;

create or replace function audit_link(former bytea, a audit) returns bytea stable language sql as $$
    select sha256(former || convert_to(audit_text(a), 'UTF8'))
$$;

-- Links what is not linked yet; returns how many rows, and the chain's last position and hash. A statement of its own: it
-- must be the first to write in its transaction. Several at once wait for one another, however long that takes.
-- security definer: no role of a handler may write the chain.
create or replace function audit_seal(out sealed bigint, out head bigint, out hash bytea)
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = 0 as $$
declare
    state audit_sealing;
    settled boolean;
    latest bigint;
    link bytea;
    entry audit;
begin
    if pg_current_xact_id_if_assigned() is not null then
        raise 'audit_seal() must be the first to write in its transaction';
    end if;
    perform pg_advisory_xact_lock(5722);  -- one sealing at a time
    select * into state from audit_sealing;
    if not found then raise 'the row of audit_sealing is gone: somebody removed it'; end if;
    select s.position, s.hash into head, link from audit_seals s order by s.position desc limit 1;
    head := coalesce(head, 0);
    link := coalesce(link, sha256('fettle'));
    -- Before the rows are read: everybody who was given an id up to the candidate has ended, so that what there is of
    -- those ids is seen below, and none can appear any more. A bound that no transaction has reached came with a dump
    -- from another cluster, of which nobody is left.
    settled := state.candidate_xmax <= pg_snapshot_xmin(pg_current_snapshot())
            or state.candidate_xmax >= pg_snapshot_xmax(pg_current_snapshot());
    -- the ids that have been given so far; the greatest row may have one that nobody was given
    select greatest(state.candidate, case when is_called then last_value else 0 end) into latest from audit_id_seq;
    sealed := 0;
    for entry in
        select * from audit a
         where a.id > state.complete and not exists (select from audit_seals s where s.audit_id = a.id)
         order by a.id
    loop
        link := audit_link(link, entry);
        head := head + 1;
        sealed := sealed + 1;
        insert into audit_seals (position, audit_id, hash) values (head, entry.id, link);
    end loop;
    if settled and (state.complete < state.candidate or state.candidate < latest) then
        -- Whoever writes has the number of a transaction before an id of the trail. This transaction has got its number
        -- after `latest` was read: all that hold an id up to there have a smaller one. (The xmax of a snapshot would not
        -- do: it is behind those that have begun and not ended.)
        update audit_sealing
           set complete = state.candidate, candidate = latest, candidate_xmax = pg_current_xact_id();
    end if;
    hash := link;
end $$;

-- The first row that was changed, added or removed behind the trail's back, in the order of sealing; no row where all is
-- well. Without a row id it is the link after `checked` that was removed. Seals nothing by itself.
create or replace function audit_verify(out fault text, out audit_id bigint, out checked bigint)
language plpgsql stable set search_path = public, pg_temp as $$
declare
    link bytea := sha256('fettle');
    complete bigint;
    former_at timestamptz;  -- when the rows before those were sealed that were sealed together with this one
    sealed_at timestamptz;
    seal record;
begin
    select state.complete into complete from audit_sealing state;
    if not found then raise 'the row of audit_sealing is gone: somebody removed it'; end if;
    checked := 0;
    for seal in
        select s.position, s.audit_id, s.hash, s.sealed_at, a as entry, a.id as found, a.at
          from audit_seals s left join audit a on a.id = s.audit_id
         order by s.position
    loop
        audit_id := seal.audit_id;
        if seal.position <> checked + 1 then fault := 'removed'; audit_id := null; return; end if;
        if seal.found is null then fault := 'removed'; return; end if;
        link := audit_link(link, seal.entry);
        if link <> seal.hash then fault := 'changed'; return; end if;
        if seal.sealed_at is distinct from sealed_at then
            former_at := sealed_at;
            sealed_at := seal.sealed_at;
        end if;
        -- no transaction lasts a day: a row that claims to be so much older than an earlier sealing was put in later
        if seal.at < former_at - interval '1 day' then fault := 'added'; return; end if;
        checked := checked + 1;
    end loop;
    select a.id into audit_id
      from audit a
     where a.id <= complete and not exists (select from audit_seals s where s.audit_id = a.id)
     order by a.id limit 1;
    if audit_id is not null then fault := 'added'; end if;
end $$;

-- Functions are everybody's unless it is said. Only `fettle` seals and verifies: a handler that is taken over must not read
-- the trail through them, nor choose when it is sealed.
revoke execute on function audit_text(audit), audit_link(bytea, audit), audit_seal(), audit_verify() from public;
