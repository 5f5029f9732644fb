// Checks the caller's current password before the endpoint's statement runs. The statement makes all other decisions.
#include "auth/account.hpp"

#include "auth/login_throttle.hpp"
#include "auth/password.hpp"

namespace api {

namespace {

/// The fields that these checks read; the body of the endpoint may have others.
struct AccountNames {
    std::optional<Username> username;
    std::optional<Email> email;
    std::optional<Secret> current_password;
};
BOOST_DESCRIBE_STRUCT(AccountNames, (), (username, email, current_password))

}  // namespace

void prove_password(RequestContext& context, std::int64_t caller, const std::string& password) {
    context.parameters["system.caller"] = std::to_string(caller);
    LoginAttempt attempt(context, "account " + std::to_string(caller));
    Rows found = context.query(salt_of_caller);
    std::optional<std::string> salt;
    if (found.size() > 0) salt = found(0, 0);
    context.parameters["system.verified_hash"] = password::hash_with(password, salt);
    if (Rows is = context.query(is_hash_of_caller); !is.is_true(0, 0)) {
        attempt.failed();
        throw invalid({{"current_password", {"The current password is wrong."}}});
    }
    attempt.succeeded();
}

Reply change_account(RequestContext& context) {
    const auto given = context.body<AccountNames>();
    if (!given.username && !given.email && !given.current_password) return context.answer();
    const Caller caller = context.caller();
    const std::string* user_id = context.path_parameter("user_id");
    const bool own = !user_id || *user_id == std::to_string(caller.id);
    // refused first: a personal access token must not be usable to test its owner's password
    if ((own || given.current_password) && !caller.has_session) throw Problem(refusals::session_required);
    if (given.current_password) prove_password(context, caller.id, given.current_password->value);
    if (!own) return context.answer();

    context.parameters["system.caller"] = std::to_string(caller.id);
    Rows stored = context.query(names_of_caller);
    const bool renamed = given.username && given.username->value != stored(0, 0),
               moved = given.email && given.email->value != stored(0, 1);
    if (!renamed && !moved) return context.answer();
    if (!given.current_password)
        throw invalid({{"current_password", {"A new username or email requires the current password."}}});
    const std::string weak = password::weakness(given.current_password->value, renamed ? given.username->value : "",
                                                moved ? given.email->value : "");
    if (weak == password::too_similar)
        throw invalid({{renamed ? "username" : "email", {"Your password is too similar to this value."}}});
    return context.answer();
}

}  // namespace api
