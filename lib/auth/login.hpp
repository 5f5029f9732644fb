// Login: exchanges a username or email and a password for a session and its tokens.
#pragma once
#include "auth/login_throttle.hpp"
#include "schema/types.hpp"

namespace api::login {

/// The body: username or email, and the password.
struct Credentials {
    std::optional<Text<1, 254>> username;
    std::optional<Text<1, 254>> email;
    Secret password;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, email, password))

/// The refusal of wrong credentials. The words are the same for an unknown user and for a wrong password.
inline constexpr Rule wrong_credentials =
    thrown(refusals::not_authenticated.code, 401, "Unable to log in with provided credentials.");

/// The statements of log_in().
inline constexpr std::string_view find_by_username =
    "select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id"
    " where lower(u.username) = lower(:body.username)";
inline constexpr std::string_view find_by_email =
    "select u.id, u.is_active, c.password_hash from users u join credentials c on c.user_id = u.id"
    " where lower(u.email) = lower(:body.email)";
inline constexpr std::string_view note_login = "update users set last_login = now() where id = :extra.user_id";
inline constexpr std::string_view is_still_right =
    "select from users u join credentials c on c.user_id = u.id"
    " where u.id = :extra.user_id and u.is_active and c.password_hash = :extra.password_hash";
inline constexpr Queries queries = attempts + Queries{find_by_username, find_by_email, note_login, is_still_right};

/// The values that log_in() passes to the endpoint's statement, which creates the session.
inline constexpr List<Parameter, 12> parameters{
    {"user_id", "bigint"},     {"password_hash", "text"},
    {"session_key", "bytea"},  ///< what the session is stored under: the SHA-256 of its token
    {"kept", "bigint"},        ///< how many of the user's older sessions remain
    {"token", "text"},         {"access", "text"},
    {"expires_in", "integer"},  ///< seconds
    {"refresh", "text"},       {"refresh_family", "bytea"},
    {"refresh_key", "bytea"},
};

/// For `.run`: checks the credentials, creates the tokens and runs the endpoint's statement. Throws 400 unless exactly
/// one of username and email is given, 401 wrong_credentials, 429 too_many_attempts, and 503 if too many passwords are
/// being checked at the same time.
Reply log_in(RequestContext& context);

}  // namespace api::login
