// Checks credentials and creates the tokens of a session.
#include "auth/login.hpp"

#include "auth/jwt.hpp"
#include "auth/password.hpp"
#include "auth/refresh.hpp"
#include "base/crypto.hpp"
#include "base/settings.hpp"

namespace api::login {

namespace {

/// The most sessions that a user can have under the policy "many"; a new login ends the oldest ones (ASVS 7.1.2).
constexpr int most_sessions = 20;

[[noreturn]] void refuse(LoginAttempt& attempt) {
    attempt.failed();
    Problem refusal = unauthenticated(wrong_credentials.code);
    refusal.detail = wrong_credentials.detail;
    throw refusal;
}

void bind_session(RequestContext& context, std::int64_t user_id) {
    const std::string token = crypto::new_token(), key = crypto::token_key(token);
    const auto refresh = RefreshToken::first();
    context.bind("token", token);
    context.bind("session_key", key);
    context.bind("access", jwt::access_token(user_id, key));
    context.bind("expires_in", std::to_string(jwt::lifetime_seconds));
    context.bind("refresh", refresh.text);
    context.bind("refresh_family", refresh.family);
    context.bind("refresh_key", refresh.key);
    context.bind("kept", settings().single_session ? "0" : std::to_string(most_sessions - 1));
}

}  // namespace

Reply log_in(RequestContext& context) {
    const auto given = context.body<Credentials>();
    if (given.username.has_value() == given.email.has_value())
        throw invalid({{"username", {"Send either username or email, not both."}}});
    LoginAttempt attempt(context, given.username ? "username " + given.username->value : "email " + given.email->value);
    const Rows account = context.query(given.username ? find_by_username : find_by_email);
    std::optional<std::string> hash;
    if (account.size() > 0) hash = account(0, 2);
    if (!password::verify(given.password.value, hash) || !account.is_true(0, 1)) refuse(attempt);
    context.bind("user_id", std::string(account(0, 0)));
    context.bind("password_hash", hash);
    bind_session(context, account.integer(0, 0));
    context.database.begin();
    // Locks the user, so that the second of two concurrent logins sees the first one's session and can end it. After
    // this wait, the password must still be correct.
    context.query(note_login);
    if (context.query(is_still_right).size() == 0) {
        context.database.rollback();
        refuse(attempt);
    }
    attempt.succeeded();
    Reply reply = context.answer();
    context.database.commit();
    return reply;
}

}  // namespace api::login
