// Login: checks a username or email and a password, and starts a session with its tokens.
#include "api.hpp"
#include "auth/login.hpp"
#include "objects/user.hpp"

namespace {

struct Tokens {
    api::Text<> token;
    api::Text<> access;
    api::Text<> refresh;
    api::Text<> token_type;
    int expires_in = 0;
    User user;
};
BOOST_DESCRIBE_STRUCT(Tokens, (), (token, access, refresh, token_type, expires_in, user))

constexpr api::Endpoint<api::login::Credentials, Tokens> login{{
    .route = "POST /api/v1/auth/login",
    .also = {"POST /api/user_management/users/login", "POST /api/login"},
    .summary = "Log in with a username or an email. "
               "Send the returned `token` in the header `Authorization: Token …`.",
    .permissions = {api::anyone},
    .resource = users,
    .rules = {api::login::wrong_credentials, api::too_many_attempts},
    .sql = R"(
me as materialized (
    select u.id, set_caller(u.id, null, :system.ip) as set_for_audit from users u where u.id = :extra.user_id
), ended as (
    update sessions s
       set ended_at = now(), ended_as = 'session_superseded'
     where s.id in (select old.id from sessions old
                     where old.user_id = :extra.user_id and old.kind = 'session' and old.ended_as is null
                     order by old.id desc offset :extra.kept)
), started as (
    insert into sessions (user_id, key, refresh_family, refresh_key, user_agent, ip, expires_at)
    select me.id, :extra.session_key, :extra.refresh_family, :extra.refresh_key, :system.user_agent, :system.ip,
           session_end(now())
      from me
), answer as (
    select u.*, :extra.token as token, :extra.access as access, :extra.refresh as refresh, 'Token' as token_type,
           :extra.expires_in as expires_in
      from me join users u on u.id = me.id
))",
    .extra_params = api::login::parameters,
    .queries = api::login::queries,
    .run = api::login::log_in,
    .status = 200,
    .rate_limited = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, login); }
