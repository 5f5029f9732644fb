// The caller's own account.
#include "api.hpp"
#include "auth/account.hpp"
#include "objects/user.hpp"

namespace {

struct OwnAccount : User {
    std::optional<api::Secret> current_password;
};
BOOST_DESCRIBE_STRUCT(OwnAccount, (User), (current_password))

constexpr api::Endpoint<api::None, User> show{{
    .route = "GET /api/v1/me",
    .summary = "Show your own account.",
    .permissions = {api::caller},
    .resource = users,
    .row = "it.id = me.id",
}};

constexpr api::Endpoint<OwnAccount, User> change{{
    .route = "PATCH /api/v1/me",
    .summary = "Change your own account. A new username or email requires `current_password`.",
    .permissions = {api::caller},
    .resource = users,
    .row = "it.id = me.id",
    .rules = {api::too_many_attempts},
    .queries = api::password_proof,
    .run = api::change_account,
    .session_only = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, show, change); }
