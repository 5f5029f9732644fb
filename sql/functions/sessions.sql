-- When sessions expire, and when their last use is stored. All functions are single expressions, which PostgreSQL inlines.

-- When a session expires: 7 days after its last use, but at most 30 days after it was created.
create or replace function session_end(created_at timestamptz) returns timestamptz stable language sql as $$
    select least(created_at + interval '30 days', now() + interval '7 days')
$$;

-- Whether a use of the session must be stored: the first use, and then at most one per minute. A write for each request
-- would cost more than the request itself.
create or replace function should_touch_session(created_at timestamptz, last_used_at timestamptz) returns boolean
stable language sql as $$
    select last_used_at < now() - interval '1 minute' or last_used_at = created_at
$$;

-- The previous name of should_touch_session(). Handlers of release 1.0 call it during an upgrade. It can be dropped in the
-- release after this one.
create or replace function use_is_news(created_at timestamptz, last_used_at timestamptz) returns boolean stable language sql as $$
    select should_touch_session(created_at, last_used_at)
$$;
