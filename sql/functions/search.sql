-- Search: what is kept of each text, how the sought words are compared with it, and the triggers that keep the texts.

-- A text as it is searched: without case and accents; its words are separated by one space, and one is at both ends.
--
-- The text is decomposed canonically, so that accents are characters of their own, which are removed (of Latin, Greek,
-- Cyrillic, Hebrew and Arabic; and characters that only format). What remains is composed again: Hangul to syllables, and
-- kana keep their voicing. lower(upper()) also folds what has no single other case, such as ß. Everything that is neither a
-- letter nor a digit separates words; the vowels of Indic scripts and of Thai belong to their words, although they are
-- marks. A Han character, a kana and a Hangul syllable is a word of its own, because nothing shows where words of several
-- begin; so two of them are found at any place. The result has nothing but letters, digits, such vowels and spaces: no
-- character that LIKE or a regular expression treats specially.
--
-- The collations are named, because the result must be the same in every database: und-x-icu is in each one that
-- PostgreSQL with ICU has created, whatever its locale. ASCII, which nearly every text is after its accents are removed, is
-- the quick path: 7 µs for 150 characters, with accents 14 µs. (A text must not change its case in the locale of the
-- database: in C that leaves ü and Ü different, and in Turkish I and i.)
create or replace function fold(given text) returns text language plpgsql immutable strict parallel safe as $$
declare
    folded text collate "C" := given;
begin
    if octet_length(folded) > length(folded) then
        folded := regexp_replace(normalize(folded, nfd),
            '[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200c-\u200f\u2060\u20d0-\u20ff\ufe20-\ufe2f\ufeff]+',
            '', 'g');
    end if;
    if octet_length(folded) = length(folded) then
        return regexp_replace(lower(' ' || folded || ' '), ' *[^a-z0-9 ][^a-z0-9]*|  +', ' ', 'g');
    end if;
    folded := lower(upper(' ' || normalize(folded, nfc) || ' ' collate "und-x-icu") collate "und-x-icu");
    -- a sigma at the end of a word is the same letter; a stroke is an accent, which Unicode does not decompose
    folded := replace(translate(folded, 'ςłøđħŧ', 'σlodht'), 'ß', 'ss');
    folded := regexp_replace(folded collate "und-x-icu",
        '[^[:alnum:]\u0900-\u0963\u0966-\u0eff\u0f18-\u0fbc\u1000-\u109f\u17b4-\u17d3\u3007]+', ' ', 'g');
    if folded ~ '[\u3005-\U0003ffff]' then
        folded := regexp_replace(regexp_replace(folded,
            '([\u3005-\u3007\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])',
            ' \1 ', 'g'), '  +', ' ', 'g');
    end if;
    return folded;
end $$;

-- How texts match the sought words, which are separated by spaces: one pattern of LIKE for each word, in their order. A word
-- of three characters and more is found at any place, a shorter one at the beginning of a word. What a sign separates, as in
-- CNC-500, is found in this order and beside each other. A sought word without letters and digits is in every text; if no
-- word has two of them, both results are null, and nothing matches.
--
-- LIKE compares the whole pattern at each place, which is slow for a long pattern of few different letters. So a pattern has
-- at most the first 64 characters of a word, and longer words are compared again, with a regular expression: its automaton
-- reads the text once. It compiles slowly, but not before LIKE has matched. The search is thus linear in the text.
create or replace function fold_words(sought text, out patterns text[], out long_words text[])
language plpgsql immutable strict parallel safe as $$
declare
    word text collate "C";
    each text;
    is_found boolean := false;
begin
    long_words := '{}';
    foreach each in array string_to_array(sought, ' ') loop
        word := fold(each);
        is_found := is_found or length(word) > 3 or octet_length(word) > length(word) + 1;
        -- ' ab ' is a word that begins with ab; ' 東 京 ' ends with a word of its own, and ' a 500 ' begins with a short one
        if word ~ '^ \S{3}' and word !~ '^ [\u3005-\U0003ffff] ' then word := substr(word, 2); end if;
        if word !~ ' [\u3005-\U0003ffff] $' then word := left(word, -1); end if;
        patterns := patterns || ('%' || left(word, 64) || '%');
        if length(word) > 64 then long_words := long_words || ('***=' || word); end if;
    end loop;
    if not is_found then patterns := null; long_words := null; end if;
end $$;

-- The pattern that the folded text of a row matches if one of its texts has this part, as ILIKE compares. So an index finds
-- the rows, and ILIKE decides. The letters at both ends show where the part begins and ends a word.
create or replace function fold_part(part text) returns text language sql immutable strict parallel safe as $$
    select '%' || left(substr(left(fold('x' || part || 'x'), -2), 3), 64) || '%'
$$;

-- Makes the triggers that keep the texts of a table in <table>_texts: after a change of one of these columns, and of nothing
-- else. Where <table>_texts has the column is_public, all users see the rows in which one of the columns `public_by` is not
-- null: their words have an index of their own, so that a search of these rows takes no longer for the words of others.
-- The resource in lib/objects names the same columns as `.searched`; tests/live/search.py compares them.
--
-- The triggers are security definer, so that no handler needs the privilege to write texts. They also fire while
-- session_replication_role is replica, because a text that is missing would not be found. (A logical replica must leave out
-- the tables of texts, which it keeps itself.)
create or replace function keep_texts(of_table text, columns text[], public_by text[] default '{}') returns void
language plpgsql as $$
declare
    text_of text := format('fold(concat_ws('' '', %s))', (select string_agg(format('new.%I', c), ', ' order by n)
                                                             from unnest(columns) with ordinality u (c, n)));
    is_public text := (select string_agg(format('it.%I is not null', c), ' or ') from unnest(public_by) c);
    texts text := quote_ident(of_table || '_texts');
    trigger_function text := quote_ident('keep_' || of_table || '_texts');
begin
    execute format($f$
        create or replace function %1$s() returns trigger
        language plpgsql security definer set search_path = public, pg_temp as $t$
        begin
            if tg_op = 'TRUNCATE' then
                truncate %2$s;
            elsif tg_op = 'DELETE' then
                delete from %2$s where id = old.id;
            else
                if tg_op = 'UPDATE' and old.id <> new.id then delete from %2$s where id = old.id; end if;
                insert into %2$s values (new.id, %3$s)
                    on conflict (id) do update set %4$s;
            end if;
            return null;
        end $t$ $f$, trigger_function, texts, concat_ws(', ', text_of, replace(is_public, 'it.', 'new.')),
        'folded = excluded.folded' || case when is_public is null then '' else ', is_public = excluded.is_public' end);
    execute format('create or replace trigger keep_texts after insert or delete on %I for each row execute function %s()',
                   of_table, trigger_function);
    execute format('create or replace trigger keep_changed_texts after update of id, %s on %I for each row when (%s) '
                   'execute function %s()',
                   (select string_agg(quote_ident(c), ', ') from unnest(columns || public_by) c), of_table,
                   (select 'old.id <> new.id or ' || string_agg(format('old.%1$I is distinct from new.%1$I', c), ' or ')
                      from unnest(columns) c)
                       || coalesce(' or (' || replace(is_public, 'it.', 'old.') || ') <> (' || replace(is_public, 'it.', 'new.') || ')', ''),
                   trigger_function);
    execute format('create or replace trigger keep_no_texts before truncate on %I for each statement execute function %s()',
                   of_table, trigger_function);
    execute format('alter table %I enable always trigger keep_texts, enable always trigger keep_changed_texts, '
                   'enable always trigger keep_no_texts', of_table);
end $$;

select keep_texts('tasks', '{title,description}', '{equipment}');
select keep_texts('documents', '{title,file_name}', '{equipment,maintenance}');
select keep_texts('equipment', '{name,serial_number,category,manufacturer,model,location}');
select keep_texts('maintenance', '{description,findings}');
select keep_texts('schedules', '{title,description}');
select keep_texts('users', '{username,first_name,last_name}');
select keep_texts('reports', '{title,body}');
select keep_texts('messages', '{subject,body}');

-- Makes the missing texts of a table, newest rows first, in transactions of 2,000 rows, so that no request waits for long. A row
-- is locked against its removal until its text is there, so that no text of a removed row stays. A text that a trigger has
-- written in the meantime is newer and wins; a trigger that comes later replaces this text.
-- The columns are those of the trigger: the text of its function is the only place that names them.
create or replace procedure fill_texts(of_table text) language plpgsql as $$
declare
    made text := (select substring(prosrc from 'values \((new\.id, .*)\)\n') from pg_catalog.pg_proc
                   where oid = pg_catalog.format('public.%I()', 'keep_' || of_table || '_texts')::regprocedure);
    last bigint := 9223372036854775807;
begin
    loop
        execute pg_catalog.format($f$
            with missing as materialized (
                select new.* from public.%1$I new
                 where new.id < $1 and not exists (select from public.%2$I texts where texts.id = new.id)
                 order by new.id desc limit 2000 for key share
            ), made as (
                insert into public.%2$I select %3$s from missing new on conflict (id) do nothing
            )
            select min(id) from missing $f$, of_table, of_table || '_texts', made) into last using last;
        commit;
        exit when last is null;
    end loop;
end $$;
