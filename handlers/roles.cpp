// Roles: list, create, show, change, delete.
#include "api.hpp"
#include "objects/role.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<Role>> list{{
    .route = "GET /api/v1/roles",
    .also = {"GET /api/user_management/roles"},
    .summary = "List roles.",
    .permissions = {"roles.view"},
    .resource = roles,
    .filters = {"name", "built_in", "search"},
    .ordering = {"id", "name"},
}};

constexpr api::Endpoint<Role, Role> create{{
    .route = "POST /api/v1/roles",
    .also = {"POST /api/user_management/roles"},
    .summary = "Create a role. It can have only permissions that you have.",
    .permissions = {"roles.edit"},
    .resource = roles,
    .computed = {permissions_set},
    .rules = {permission_lacking, no_such_permission},
    .sql = R"(held as (
        insert into role_permissions (role_id, code)
        select answer.id, given from answer, jsonb_array_elements_text(:body.permissions) given
    ))",
}};

constexpr api::Endpoint<api::None, Role> show{{
    .route = "GET /api/v1/roles/{role_id}",
    .also = {"GET /api/user_management/roles/{role_id}"},
    .summary = "Show one role.",
    .permissions = {"roles.view"},
    .resource = roles,
}};

constexpr api::Endpoint<Role, Role> change{{
    .route = "PUT PATCH /api/v1/roles/{role_id}",
    .also = {"PUT PATCH /api/user_management/roles/{role_id}"},
    .summary = "Change a role. Its users have the new permissions from their next request on.",
    .permissions = {"roles.edit"},
    .resource = roles,
    .computed = {permissions_set},
    .server_set =
        {{"updated_at",
          "case when exists (select from taken) or exists (select from held) then now() else it.updated_at end"}},
    .rules = {stronger_role, permission_lacking, no_such_permission, built_in_is_renamed},
    .sql = R"(taken as (
        delete from role_permissions rp using authorized
         where :body.permissions is not null and rp.role_id = authorized.id
           and rp.code not in (select jsonb_array_elements_text(:body.permissions))
        returning rp.code
    ), held as (
        insert into role_permissions (role_id, code)
        select authorized.id, given from authorized, jsonb_array_elements_text(:body.permissions) given
        on conflict do nothing
        returning code
    ))",
    .serialized = true,
}};

constexpr api::Endpoint<api::None, api::None> delete_role{{
    .route = "DELETE /api/v1/roles/{role_id}",
    .also = {"DELETE /api/user_management/roles/{role_id}"},
    .summary = "Delete a role that no user has.",
    .permissions = {"roles.edit"},
    .resource = roles,
    .rules = {stronger_role,
              built_in_is_deleted,
              {.code = "role_in_use",
               .status = 409,
               .when = "exists (select from user_roles ur where ur.role_id = it.id)",
               .detail = "At least one user has this role. Remove it from all users first."}},
    .serialized = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_role); }
