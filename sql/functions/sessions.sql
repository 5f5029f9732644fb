-- How long sessions live, and what is worth noting of their use. Both are plain expressions, which PostgreSQL puts in place.

-- 7 days after its last use, 30 days after its beginning at the latest.
create or replace function session_end(created_at timestamptz) returns timestamptz stable language sql as $$
    select least(created_at + interval '30 days', now() + interval '7 days')
$$;

-- The first use, and then one a minute: a row for each request would cost more than the request.
create or replace function use_is_news(created_at timestamptz, last_used_at timestamptz) returns boolean stable language sql as $$
    select last_used_at < now() - interval '1 minute' or last_used_at = created_at
$$;
