// Login: a name and a password for a session and its tokens.
#include "api.hpp"
#include "base/crypto.hpp"
#include "auth/login_throttle.hpp"
#include "auth/jwt.hpp"
#include "objects/user.hpp"
#include "auth/password.hpp"
#include "auth/refresh.hpp"
#include "base/settings.hpp"

namespace {

struct Credentials {
    std::optional<api::Text<1, 254>> username;
    std::optional<api::Text<1, 254>> email;
    api::Secret password;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, email, password))

struct Tokens {
    api::Text<> token;
    api::Text<> access;
    api::Text<> refresh;
    api::Text<> token_type;
    int expires_in = 0;
    User user;
};
BOOST_DESCRIBE_STRUCT(Tokens, (), (token, access, refresh, token_type, expires_in, user))

constexpr int most_sessions = 20;  // of one user under the policy "many"; the oldest go first (ASVS 7.1.2)

/// The same words whatever was wrong.
constexpr api::Rule wrong_credentials{api::refusals::not_authenticated.code, 401, "",
                                      "Unable to log in with the credentials given."};
[[noreturn]] void refuse(api::Attempt& attempt) {
    attempt.failed();
    api::Problem refusal = api::unauthenticated(wrong_credentials.code);
    refusal.detail = wrong_credentials.detail;
    throw refusal;
}

constexpr std::string_view find_by_username =
    "select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id"
    " where lower(u.username) = lower(:username)";
constexpr std::string_view find_by_email =
    "select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id"
    " where lower(u.email) = lower(:email)";
constexpr std::string_view note_login = "update users set last_login = now() where id = :user_id";
constexpr std::string_view still_right =
    "select from users u join credentials c on c.user_id = u.id"
    " where u.id = :user_id and u.is_active and c.password_hash = :password_hash";

api::Reply log_in(api::Exchange& exchange) {
    const auto given = exchange.body<Credentials>();
    if (given.username.has_value() == given.email.has_value())
        throw api::invalid({{"username", {"Give either username or email."}}});
    api::Attempt attempt(exchange,
                         given.username ? "username " + given.username->value : "email " + given.email->value);
    api::Rows account = exchange.query(given.username ? find_by_username : find_by_email);
    std::optional<std::string> hash;
    if (account.size() > 0) hash = account(0, 2);
    if (!api::password::verify(given.password.value, hash) || account(0, 1) != "t") refuse(attempt);
    const std::string token = api::crypto::new_token(), key = api::crypto::token_key(token);
    const auto refresh = api::RefreshToken::first();
    exchange.parameters["user_id"] = std::string(account(0, 0));
    exchange.parameters["password_hash"] = hash;
    exchange.parameters["token"] = token;
    exchange.parameters["key"] = key;
    exchange.parameters["access"] = api::jwt::access_token(std::stoll(std::string(account(0, 0))), key);
    exchange.parameters["expires_in"] = std::to_string(api::jwt::lifetime_seconds);
    exchange.parameters["refresh"] = refresh.text;
    exchange.parameters["refresh_family"] = refresh.family;
    exchange.parameters["refresh_key"] = refresh.key;
    exchange.parameters["kept"] = api::settings().single_session ? "0" : std::to_string(most_sessions - 1);
    exchange.database.begin();
    // locks the user: of two logins at once the second sees, and ends, the session of the first; and the password that
    // was right before the wait must be so after it
    exchange.query(note_login);
    if (exchange.query(still_right).size() == 0) {
        exchange.database.rollback();
        refuse(attempt);
    }
    attempt.succeeded();
    api::Reply reply = exchange.answer();
    exchange.database.commit();
    return reply;
}

constexpr api::Endpoint<Credentials, Tokens> login{{
    .route = "POST /api/v1/auth/login",
    .also = {"POST /api/user_management/users/login", "POST /api/login"},
    .summary = "Log in with username or email and password; the token goes into the header Authorization: Token …",
    .permissions = {api::anyone},
    .object = users,
    .rules = {wrong_credentials, api::too_many_attempts},
    .sql = R"(me as materialized (
        select u.id, set_config('fettle.caller', jsonb_build_array(u.id, null, :ip::text)::text, true) as told
          from users u where u.id = :user_id
    ), ended as (
        update sessions s
           set ended_at = now(), ended_as = 'session_superseded'
         where s.id in (select old.id from sessions old
                         where old.user_id = :user_id and old.kind = 'session' and old.ended_as is null
                         order by old.id desc offset :kept)
    ), started as (
        insert into sessions (user_id, key, refresh_family, refresh_key, user_agent, ip, expires_at)
        select me.id, :key::bytea, :refresh_family::bytea, :refresh_key::bytea, :user_agent, :ip::text,
               session_end(now())
          from me
    ), answer as (
        select u.*, :token::text as token, :access::text as access, :refresh::text as refresh, 'Token' as token_type,
               :expires_in::int as expires_in
          from me join users u on u.id = me.id
    ))",
    .with = {"user_id", "kept", "token", "access", "expires_in", "refresh", "refresh_family", "refresh_key"},
    .queries = api::attempts + api::Queries{find_by_username, find_by_email, note_login, still_right},
    .run = log_in,
    .status = 200,
    .guarded = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, login); }
