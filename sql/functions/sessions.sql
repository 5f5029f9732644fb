-- How long sessions live, and when a use of one is stored. All are single expressions, which PostgreSQL inlines.

-- 7 days after its last use, at most 30 days after its beginning.
create or replace function session_end(created_at timestamptz) returns timestamptz stable language sql as $$
    select least(created_at + interval '30 days', now() + interval '7 days')
$$;

-- Whether a use of the session is worth a write: the first use, and then one a minute. A write for each request would cost
-- more than the request.
create or replace function should_touch_session(created_at timestamptz, last_used_at timestamptz) returns boolean
stable language sql as $$
    select last_used_at < now() - interval '1 minute' or last_used_at = created_at
$$;

-- The former name of should_touch_session(). Handlers of release 1.0 call it while an upgrade is going on; it can be
-- dropped in the release after this one.
create or replace function use_is_news(created_at timestamptz, last_used_at timestamptz) returns boolean stable language sql as $$
    select should_touch_session(created_at, last_used_at)
$$;
