// Roles: list, create, show, change, delete.
#include "api.hpp"
#include "objects/role.hpp"

namespace {

constexpr api::Rule stronger_role{
    "stronger_role", 403,
    "exists (select from role_permissions rp where rp.role_id = it.id and rp.code <> all (me.codes))",
    "This role has permissions that you lack."};

/// What the field `permissions` says, or what the role has already.
constexpr api::Computed permissions_set{"permissions", R"(
        case when :permissions::jsonb is null
             then (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
                     from role_permissions rp where rp.role_id = it.id)
             else (select coalesce(jsonb_agg(given order by given), '[]')
                     from jsonb_array_elements_text(:permissions::jsonb) given) end)"};

constexpr api::Endpoint<api::None, api::Page<Role>> list{{
    .route = "GET /api/v1/roles",
    .also = {"GET /api/user_management/roles"},
    .summary = "List the roles.",
    .permissions = {"roles.view"},
    .object = roles,
    .filters = {"name", "built_in", "search"},
    .ordering = {"id", "name"},
}};

constexpr api::Endpoint<Role, Role> create{{
    .route = "POST /api/v1/roles",
    .also = {"POST /api/user_management/roles"},
    .summary = "Create a role from permissions that the caller has.",
    .permissions = {"roles.edit"},
    .object = roles,
    .computed = {permissions_set},
    .rules = {permission_lacking, no_such_permission},
    .sql = R"(held as (
        insert into role_permissions (role_id, code)
        select answer.id, given from answer, jsonb_array_elements_text(:permissions::jsonb) given
    ))",
}};

constexpr api::Endpoint<api::None, Role> show{{
    .route = "GET /api/v1/roles/{role_id}",
    .also = {"GET /api/user_management/roles/{role_id}"},
    .summary = "Show one role.",
    .permissions = {"roles.view"},
    .object = roles,
}};

constexpr api::Endpoint<Role, Role> change{{
    .route = "PUT PATCH /api/v1/roles/{role_id}",
    .also = {"PUT PATCH /api/user_management/roles/{role_id}"},
    .summary = "Change a role; what its holders may changes with their next request.",
    .permissions = {"roles.edit"},
    .object = roles,
    .computed = {permissions_set},
    .fills = {{"updated_at",
               "case when exists (select from taken) or exists (select from held) then now() else it.updated_at end"}},
    .rules = {stronger_role,
              permission_lacking,
              no_such_permission,
              {"built_in", 409, "it.built_in and given.name <> it.name", "A built-in role keeps its name."}},
    .sql = R"(taken as (
        delete from role_permissions rp using granted
         where :permissions::jsonb is not null and rp.role_id = granted.id
           and rp.code not in (select jsonb_array_elements_text(:permissions::jsonb))
        returning rp.code
    ), held as (
        insert into role_permissions (role_id, code)
        select granted.id, given from granted, jsonb_array_elements_text(:permissions::jsonb) given
        on conflict do nothing
        returning code
    ))",
    .one_at_a_time = true,
}};

constexpr api::Endpoint<api::None, api::None> delete_role{{
    .route = "DELETE /api/v1/roles/{role_id}",
    .also = {"DELETE /api/user_management/roles/{role_id}"},
    .summary = "Delete a role that nobody has.",
    .permissions = {"roles.edit"},
    .object = roles,
    .rules = {stronger_role,
              {"built_in", 409, "it.built_in", "A built-in role cannot be deleted."},
              {"role_in_use", 409, "exists (select from user_roles ur where ur.role_id = it.id)",
               "Somebody has this role."}},
    .one_at_a_time = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_role); }
