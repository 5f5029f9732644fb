// Refresh: exchanges a refresh token for a new access token and the next refresh token.
#include "api.hpp"
#include "auth/jwt.hpp"
#include "auth/refresh.hpp"
#include "base/keys.hpp"

namespace {

struct Refresh {
    api::Secret refresh;
};
BOOST_DESCRIBE_STRUCT(Refresh, (), (refresh))

struct Tokens {
    api::Text<> access;
    api::Text<> refresh;
    api::Text<> token_type;
    int expires_in = 0;
};
BOOST_DESCRIBE_STRUCT(Tokens, (), (access, refresh, token_type, expires_in))

constexpr std::string_view next_token = R"(
    update sessions s
       set (refresh_key, last_used_at, expires_at, ended_at, ended_as) =
           (select case when fits then :extra.new_key else s.refresh_key end,
                   case when fits then now() else s.last_used_at end,
                   case when fits then session_end(s.created_at) else s.expires_at end,
                   case when spent then now() else s.ended_at end,
                   case when spent then 'session_ended' else s.ended_as end
              from (select s.refresh_key = :extra.old_key and s.ended_as is null and s.expires_at > now()
                           and u.is_active as fits,
                           s.refresh_key <> :extra.old_key and s.ended_as is null as spent) how)
      from users u
     where s.refresh_family = :extra.family and u.id = s.user_id
    returning case when s.refresh_key = :extra.new_key then null
                   when not u.is_active then 'account_inactive'
                   when s.ended_as is not null then s.ended_as
                   else 'session_expired' end,
              u.id, s.key, set_caller(u.id, s.id, :system.ip))";

/// One statement decides, and is committed before the response. If several requests use the same token, the first one
/// gets the next token. The second one finds a newer token in the locked row and ends the session.
api::Reply refresh_tokens(api::RequestContext& context) {
    const auto token = api::RefreshToken::read(context.body<Refresh>().refresh.value);
    if (!token) throw api::unauthenticated("not_authenticated");
    api::keys();  // load the keys first: if that fails, the token has not been used up
    const api::RefreshToken next = token->next();
    context.bind("family", token->family);
    context.bind("old_key", token->key);
    context.bind("new_key", next.key);
    api::Rows session = context.query(next_token);
    if (session.size() == 0) throw api::unauthenticated("not_authenticated");
    if (!session.is_null(0, 0)) throw api::unauthenticated(session(0, 0));
    return context.reply(Tokens{{api::jwt::access_token(session.integer(0, 1), session(0, 2))},
                                {next.text},
                                {"Bearer"},
                                api::jwt::lifetime_seconds});
}

constexpr api::Endpoint<Refresh, Tokens> refresh{{
    .route = "POST /api/v1/auth/refresh",
    .summary = "Exchange a refresh token for a new access token and a new refresh token. "
               "Using the same refresh token twice ends the session.",
    .permissions = {api::anyone},
    .rules = {api::thrown(api::refusals::not_authenticated), api::thrown(api::refusals::account_inactive),
              api::thrown(api::refusals::session_superseded), api::thrown(api::refusals::session_ended),
              api::thrown(api::refusals::session_expired)},
    .extra_params = {{"family", "bytea"}, {"old_key", "bytea"}, {"new_key", "bytea"}},
    .queries = {next_token},
    .run = refresh_tokens,
    .status = 200,
    .rate_limited = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, refresh); }
