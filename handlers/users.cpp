// Users. All users may change their own username, names and email. Users with users.edit may change those of other
// users, and is_active.
#include "api.hpp"
#include "auth/account.hpp"
#include "objects/account.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<User>> list{{
    .route = "GET /api/v1/users",
    .also = {"GET /api/user_management/users", "GET /api/technicians"},
    .summary = "List users.",
    .permissions = {api::caller},
    .resource = users,
    .filters = {"username", "first_name", "last_name", "search"},
    .ordering = {"id", "username"},
}};

constexpr api::Endpoint<api::None, User> show{{
    .route = "GET /api/v1/users/{user_id}",
    .also = {"GET /api/user_management/users/{user_id}", "GET /api/technician/{user_id}"},
    .summary = "Show one user.",
    .permissions = {api::caller},
    .resource = users,
}};

constexpr api::Endpoint<Account, User> change{{
    .route = "PUT PATCH /api/v1/users/{user_id}",
    .also = {"PUT PATCH /api/user_management/users/{user_id}", "PUT PATCH /api/technician/{user_id}"},
    .summary = "Change an account. A new username or email of your own account requires `current_password`.",
    .permissions = {api::caller},
    .resource = users,
    .computed = {roles_set},
    .server_set = {roles_changed},
    .rules = {not_your_account, own_account, stronger_account, no_deactivation, superuser_required,
              roles_assign_missing, role_lacking, no_such_role, last_superuser, api::too_many_attempts},
    .sql = set_roles,
    .queries = api::password_proof,
    .run = api::change_account,
    .serialized = true,
}};

constexpr api::Endpoint<api::None, api::None> delete_user{{
    .route = "DELETE /api/v1/users/{user_id}",
    .also = {"DELETE /api/user_management/users/{user_id}", "DELETE /api/technician/{user_id}"},
    .summary = "Deactivate an account. Its sessions and personal access tokens end, the work orders that it holds are "
               "released, and its data is kept.",
    .permissions = {"users.delete"},
    .resource = users,
    .rules = {own_account, stronger_account, last_superuser_deleted},
    .sql = R"(answer as (
        update users it set is_active = false from authorized where it.id = authorized.id returning it.*
    ))",
    .serialized = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, show, change, delete_user); }
