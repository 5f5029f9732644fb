-- What the documents of each person take is counted as they come and go: the quota is looked up.

-- security definer: who stores and deletes documents need not be able to write what others have used.
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
