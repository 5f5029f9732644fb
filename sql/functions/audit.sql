-- The hash chain over the audit trail: functions that seal and verify it. Writers never wait for it: their rows are added to
-- the chain later, in the order in which they are found.

-- The text from which a seal's hash is computed, together with the previous hash. The time is in UTC, independent of the
-- session's time zone. A change of this text breaks every existing chain.
create or replace function audit_text(a audit) returns text stable language sql as $$
    select jsonb_build_array(a.id, a.at at time zone 'UTC', a.user_id, a.session_id, a.ip, a.operation, a.table_name, a.row_id, a.old, a.new)::text
$$;

create or replace function audit_link(former bytea, a audit) returns bytea stable language sql as $$
    select sha256(former || convert_to(audit_text(a), 'UTF8'))
$$;

-- Seals the rows that are not sealed yet. Returns their number, and the last position and hash of the chain. It must be the
-- first statement that writes in its transaction. Concurrent calls wait for each other, without a time limit.
-- security definer, because no handler's role may write the chain.
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
        raise 'audit_seal() must be the first statement that writes in its transaction';
    end if;
    perform pg_advisory_xact_lock(lock_number('sealing'));
    select * into state from audit_sealing;
    if not found then raise 'the row of audit_sealing is gone: it was deleted by hand'; end if;
    select s.position, s.hash into head, link from audit_seals s order by s.position desc limit 1;
    head := coalesce(head, 0);
    link := coalesce(link, sha256('fettle'));
    -- Decide before the rows are read whether all transactions that took an id up to the candidate have ended. If so, the
    -- loop below sees every row with such an id, and no more can appear. If no transaction has reached the bound yet, it
    -- came with a dump from another cluster, and none of that cluster's transactions is running here.
    settled := state.candidate_xmax <= pg_snapshot_xmin(pg_current_snapshot())
            or state.candidate_xmax >= pg_snapshot_xmax(pg_current_snapshot());
    -- the last id that the sequence has given so far; a row that was inserted by hand may have a greater id
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
        -- A writer gets its transaction number before it takes an id of the trail. This transaction gets its number after
        -- `latest` was read, so all writers with an id up to `latest` have a smaller number. (The xmax of a snapshot is not
        -- sufficient: it can be smaller than the number of a transaction that is still running.)
        update audit_sealing
           set complete = state.candidate, candidate = latest, candidate_xmax = pg_current_xact_id();
    end if;
    hash := link;
end $$;

-- Finds the first row, in the order of sealing, that was changed, added or removed by other means than the trigger; `fault`
-- is null if there is none. If audit_id is null, the seal after position `checked` was removed. It does not seal rows.
create or replace function audit_verify(out fault text, out audit_id bigint, out checked bigint)
language plpgsql stable set search_path = public, pg_temp as $$
declare
    link bytea := sha256('fettle');
    complete bigint;
    former_at timestamptz;  -- time of the sealing run before the one that sealed this row
    sealed_at timestamptz;
    seal record;
begin
    select state.complete into complete from audit_sealing state;
    if not found then raise 'the row of audit_sealing is gone: it was deleted by hand'; end if;
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
        -- no transaction lasts a day: a row that is a day older than the sealing run before its own was inserted later
        if seal.at < former_at - interval '1 day' then fault := 'added'; return; end if;
        checked := checked + 1;
    end loop;
    select a.id into audit_id
      from audit a
     where a.id <= complete and not exists (select from audit_seals s where s.audit_id = a.id)
     order by a.id limit 1;
    if audit_id is not null then fault := 'added'; end if;
end $$;

-- By default, every role may execute a function. Only `fettle` seals and verifies: a compromised handler must not be able to
-- read the trail through these functions, or to choose when it is sealed.
revoke execute on function audit_text(audit), audit_link(bytea, audit), audit_seal(), audit_verify() from public;
