// The roles of a user, and the permissions that the user has.
#include "api.hpp"
#include "objects/user.hpp"

namespace {

struct UserRoles {
    api::Required<api::Names> roles;
    api::ReadOnly<api::Names> permissions;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(UserRoles, (), (roles, permissions, version))

constexpr api::Endpoint<api::None, UserRoles> show{{
    .route = "GET /api/v1/users/{user_id}/roles",
    .also = {"GET /api/user_management/users/{user_id}/roles"},
    .summary = "Show a user's roles, and the permissions that the user has.",
    .permissions = {"roles.assign"},
    .resource = users,
    .computed = {{"permissions", R"((select coalesce(jsonb_agg(p.code order by p.code), '[]') from permissions p
                     where it.is_superuser
                        or p.code in (select held.code from user_permissions held where held.user_id = it.id)))"}},
}};

constexpr api::Endpoint<UserRoles, UserRoles> change{{
    .route = "PUT /api/v1/users/{user_id}/roles",
    .also = {"PUT /api/user_management/users/{user_id}/roles"},
    .summary = "Replace a user's roles by these, given by name.",
    .permissions = {"roles.assign"},
    .resource = users,
    .computed = {roles_set,
                 {"permissions", R"((select coalesce(jsonb_agg(p.code order by p.code), '[]') from permissions p
                     where it.is_superuser
                        or p.code in (select rp.code from roles r join role_permissions rp on rp.role_id = r.id
                                       where r.name in (select jsonb_array_elements_text(:body.roles)))))"}},
    .server_set = {roles_changed},
    .rules = {own_account, stronger_account, role_lacking, no_such_role},
    .sql = set_roles,
    .serialized = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, show, change); }
