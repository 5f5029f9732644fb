-- Counts the bytes of each user's documents with a trigger, so that a check of the quota reads only one row.

-- security definer, so that a handler that stores and deletes documents needs no privilege to write the counts.
create or replace function count_storage() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'INSERT' then
        update storage_used set bytes = bytes - old.size_bytes where user_id = old.owner;
    end if;
    if tg_op <> 'DELETE' then
        insert into storage_used (user_id, bytes) values (new.owner, new.size_bytes)
            on conflict (user_id) do update set bytes = storage_used.bytes + excluded.bytes;
    end if;
    return null;
end $$;

create or replace trigger count_storage after insert or delete or update of owner, size_bytes on documents
    for each row execute function count_storage();
