// One's own account.
#include "api.hpp"
#include "door.hpp"
#include "objects/user.hpp"
#include "password.hpp"

namespace {

struct Account : User {
    std::optional<api::Secret> current_password;
};
BOOST_DESCRIBE_STRUCT(Account, (User), (current_password))

/// Whoever finds an open session must not be able to take the account over: what one logs in with asks for the
/// password.
api::Reply change_account(api::Exchange& exchange) {
    if (!exchange.given("username") && !exchange.given("email") && !exchange.given("current_password"))
        return exchange.answer();
    const std::string caller = std::to_string(exchange.caller());
    const auto given = exchange.body<Account>();
    if (!given.current_password)
        throw api::invalid({{"current_password", {"A new username or email asks for the current password."}}});
    api::Attempt attempt(exchange, "account " + caller);
    exchange.parameters["caller"] = caller;
    api::Rows secret = exchange.query("select password_hash from credentials where user_id = :caller");
    if (!api::password::verify(given.current_password->value, std::string(secret(0, 0)))) {
        attempt.failed();
        throw api::invalid({{"current_password", {"This is not the current password."}}});
    }
    attempt.succeeded();
    return exchange.answer();
}

constexpr api::Endpoint<api::None, User> show{{
    .route = "GET /api/v1/me",
    .summary = "Show one's own account.",
    .permissions = {api::caller},
    .object = users,
    .row = "it.id = me.id",
}};

constexpr api::Endpoint<Account, User> change{{
    .route = "PATCH /api/v1/me",
    .summary = "Change one's own account; a new username or email asks for current_password.",
    .permissions = {api::caller},
    .object = users,
    .row = "it.id = me.id",
    .run = change_account,
    .session_only = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, show, change); }
