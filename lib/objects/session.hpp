// Sessions: logins, and personal access tokens for scripts.
#pragma once
#include "schema/endpoint.hpp"

/// The caller's own sessions that have neither ended nor expired.
inline constexpr api::Resource sessions{
    .name = "session",
    .table = "session_rows",
    .path = "/api/v1/auth/sessions",
    .visible = {"it.user_id = me.id and it.kind = 'session' and it.ended_as is null and it.expires_at > now()"},
    .computed = {{"current", "it.id = me.session_id"}},
};

struct Session {
    api::Id id;
    api::Time created_at;
    api::Time last_used_at;
    api::Time expires_at;
    api::Text<> user_agent;
    api::Text<> ip;
    bool current = false;
};
BOOST_DESCRIBE_STRUCT(Session, (), (id, created_at, last_used_at, expires_at, user_agent, ip, current))

/// The caller's own personal access tokens that were not revoked; expired ones are among them.
inline constexpr api::Resource access_tokens{
    .name = "token",
    .table = "session_rows",
    .path = "/api/v1/auth/tokens",
    .visible = {"it.user_id = me.id and it.kind = 'token' and it.ended_as is null"},
    .computed = {{"permissions", "to_jsonb(it.codes)"},
                 // last_used_at starts as created_at: equal means never used
                 {"last_used_at", "nullif(it.last_used_at, it.created_at)"}},
};

struct AccessToken {
    api::ReadOnly<api::Id> id;
    api::Line<1, 200> name;
    std::optional<api::Names> permissions;
    api::ReadOnly<api::Time> created_at;
    std::optional<api::Time> expires_at;
    api::ReadOnly<std::optional<api::Time>> last_used_at;
};
BOOST_DESCRIBE_STRUCT(AccessToken, (), (id, name, permissions, created_at, expires_at, last_used_at))

/// Ends a session or a token. The row is kept, so that a later request with the token gets the reason.
inline constexpr std::string_view end_session_row = R"(answer as (
        update session_rows it
           set ended_at = now(), ended_as = 'session_ended'
          from authorized
         where it.id = authorized.id
        returning it.*
    ))";
