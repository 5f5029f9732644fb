// Users: who works here. Oneself may change one's name and address, holders of users.edit everything.
#include "auth/account.hpp"
#include "api.hpp"
#include "objects/user.hpp"

namespace {

struct Account : User {
    bool is_active = true;
    bool is_superuser = false;
    api::Names roles;
    std::optional<api::Secret> current_password;
};
BOOST_DESCRIBE_STRUCT(Account, (User), (is_active, is_superuser, roles, current_password))

constexpr api::Rule not_yours{"not_yours", 403, "it.id <> me.id and not may(users.edit)",
                              "Changing the account of another user needs the permission users.edit."};
constexpr api::Rule no_stop{"users_edit_missing", 403, "given.is_active <> it.is_active and not may(users.edit)",
                            "Changing is_active needs the permission users.edit."};
constexpr api::Rule no_superuser{"superuser_required", 403,
                                 "given.is_superuser <> it.is_superuser and not me.is_superuser",
                                 "Only a superuser changes is_superuser."};
constexpr api::Rule no_assign{"roles_assign_missing", 403,
                              R"(not may(roles.assign) and :roles::jsonb is not null
                 and (select coalesce(jsonb_agg(given order by given), '[]')
                        from jsonb_array_elements_text(:roles::jsonb) given)
                  <> (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                        from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id))",
                              "Changing roles needs the permission roles.assign."};
constexpr api::Rule last_superuser{"last_superuser", 409,
                                   R"(it.is_superuser and it.is_active and not (given.is_superuser and given.is_active)
                 and not exists (select from users other
                                  where other.id <> it.id and other.is_superuser and other.is_active))",
                                   "The last active superuser stays one."};
constexpr api::Rule last_to_stop{"last_superuser", 409,
                                 R"(it.is_superuser and it.is_active
                 and not exists (select from users other
                                  where other.id <> it.id and other.is_superuser and other.is_active))",
                                 "The last active superuser cannot be deleted."};

constexpr api::Endpoint<api::None, api::Page<User>> list{{
    .route = "GET /api/v1/users",
    .also = {"GET /api/user_management/users", "GET /api/technicians"},
    .summary = "List the users.",
    .permissions = {api::caller},
    .object = users,
    .filters = {"username", "first_name", "last_name", "search"},
    .ordering = {"id", "username"},
}};

constexpr api::Endpoint<api::None, User> show{{
    .route = "GET /api/v1/users/{user_id}",
    .also = {"GET /api/user_management/users/{user_id}", "GET /api/technician/{user_id}"},
    .summary = "Show one user.",
    .permissions = {api::caller},
    .object = users,
}};

constexpr api::Endpoint<Account, User> change{{
    .route = "PUT PATCH /api/v1/users/{user_id}",
    .also = {"PUT PATCH /api/user_management/users/{user_id}", "PUT PATCH /api/technician/{user_id}"},
    .summary = "Change an account; one's own username or email asks for current_password.",
    .permissions = {api::caller},
    .object = users,
    .computed = {roles_set},
    .fills = {roles_changed},
    .rules = {not_yours, own_account, stronger_account, no_stop, no_superuser, no_assign, role_lacking, no_such_role,
              last_superuser, api::too_many_attempts},
    .sql = set_roles,
    .queries = api::password_proof,
    .run = api::change_account,
    .one_at_a_time = true,
}};

constexpr api::Endpoint<api::None, api::None> delete_user{{
    .route = "DELETE /api/v1/users/{user_id}",
    .also = {"DELETE /api/user_management/users/{user_id}", "DELETE /api/technician/{user_id}"},
    .summary = "Stop an account: it can do nothing any more, and its name stays on what it did.",
    .permissions = {"users.delete"},
    .object = users,
    .rules = {own_account, stronger_account, last_to_stop},
    .sql = R"(answer as (
        update users it set is_active = false from granted where it.id = granted.id returning it.*
    ))",
    .one_at_a_time = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, show, change, delete_user); }
