// Login: a name and a password for a token.
#include "api.hpp"
#include "crypto.hpp"
#include "door.hpp"
#include "objects/user.hpp"
#include "password.hpp"
#include "settings.hpp"

namespace {

struct Credentials {
    std::optional<api::Text<1, 254>> username;
    std::optional<api::Text<1, 254>> email;
    api::Secret password;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, email, password))

struct Session {
    api::Text<> token;
    api::Text<> token_type;
    User user;
};
BOOST_DESCRIBE_STRUCT(Session, (), (token, token_type, user))

constexpr int most_sessions = 20;  // of one user under the policy "many"; the oldest go first (ASVS 7.1.2)

api::Reply log_in(api::Exchange& exchange) {
    const auto given = exchange.body<Credentials>();
    if (given.username.has_value() == given.email.has_value())
        throw api::invalid({{"username", {"Give either username or email."}}});
    api::Attempt attempt(exchange,
                         given.username ? "username " + given.username->value : "email " + given.email->value);
    api::Rows account = exchange.query(
        std::string(
            "select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id where ") +
        (given.username ? "lower(u.username) = lower(:username)" : "lower(u.email) = lower(:email)"));
    std::optional<std::string> hash;
    if (account.size() > 0) hash = account(0, 2);
    if (!api::password::verify(given.password.value, hash) || account(0, 1) != "t") {
        attempt.failed();
        api::Problem refusal = api::unauthenticated("not_authenticated");
        refusal.detail = "Unable to log in with the credentials given.";
        throw refusal;
    }
    const std::string token = api::crypto::new_token();
    exchange.parameters["user_id"] = std::string(account(0, 0));
    exchange.parameters["token"] = token;
    exchange.parameters["key"] = api::crypto::token_key(token);
    exchange.parameters["kept"] = api::settings().single_session ? "0" : std::to_string(most_sessions - 1);
    exchange.database.begin();
    attempt.succeeded();
    // locks the user: of two logins at once the second sees, and ends, the session of the first
    exchange.query("update users set last_login = now() where id = :user_id");
    api::Reply reply = exchange.answer();
    exchange.database.commit();
    return reply;
}

constexpr api::Endpoint<Credentials, Session> login{{
    .route = "POST /api/v1/auth/login",
    .also = {"POST /api/user_management/users/login", "POST /api/login"},
    .summary = "Log in with username or email and password; the token goes into the header Authorization: Token …",
    .permissions = {api::anyone},
    .object = users,
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
        insert into sessions (user_id, key, user_agent, ip, expires_at)
        select me.id, :key::bytea, :user_agent, :ip::text, now() + interval '7 days' from me
    ), answer as (
        select u.*, :token::text as token, 'Token' as token_type from me join users u on u.id = me.id
    ))",
    .with = {"user_id", "token", "kept"},
    .run = log_in,
    .status = 200,
    .guarded = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, login); }
