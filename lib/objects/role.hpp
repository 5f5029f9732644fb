// A role: a named set of permissions. Each permission is required by at least one endpoint.
#pragma once
#include "schema/endpoint.hpp"

/// A name without commas, because a form sends role names as a list separated by commas.
struct RoleName : api::Line<1, 100> {};
template <>
struct api::Type<RoleName> : api::Type<api::Line<1, 100>> {
    static std::string check(json::value& v, Source s) {
        if (std::string wrong = api::Type<api::Line<1, 100>>::check(v, s); !wrong.empty()) return wrong;
        const std::string_view name = v.get_string();
        if (name.find(',') != name.npos) return "A comma is not allowed.";
        return name.starts_with(' ') || name.ends_with(' ') ? "Spaces at the beginning or end are not allowed." : "";
    }
    static RoleName load(const json::value& v) { return {{{std::string(v.as_string())}}}; }
};
template <>
inline constexpr bool api::shapes::is_text<RoleName> = true;

inline constexpr api::Resource roles{
    .name = "role",
    .table = "roles",
    .path = "/api/v1/roles",
    .visible = {"true"},
    .computed = {{"permissions", R"((select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
                     from role_permissions rp where rp.role_id = it.id))"}},
    .searched = {.columns = {"name", "description"}},
};

struct Role {
    api::ReadOnly<api::Id> id;
    RoleName name;
    api::Text<> description;
    api::Names permissions;
    api::ReadOnly<bool> built_in;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Role, (), (id, name, description, permissions, built_in, created_at, updated_at, version))

inline constexpr api::Resource permissions{
    .name = "permission",
    .table = "permissions",
    .path = "/api/v1/permissions",
    .visible = {"true"},
    .searched = {.columns = {"code", "description"}},
};

struct Permission {
    api::Id id;
    api::Code code;
    api::Text<> description;
};
BOOST_DESCRIBE_STRUCT(Permission, (), (id, code, description))

/// A caller can give a role or a token only permissions that the caller has.
inline constexpr api::Rule permission_lacking{
    .code = "permission_lacking",
    .status = 403,
    .when = R"(exists (
        select from jsonb_array_elements_text(:body.permissions) given join permissions p on p.code = given
         where p.code <> all (me.codes)))",
    .detail = "You can grant only permissions that you have.",
};

/// The permissions in the field `permissions` must exist.
inline constexpr api::Rule no_such_permission{
    .code = "no_such_permission",
    .status = 400,
    .when = R"(exists (
        select from jsonb_array_elements_text(:body.permissions) given
         where given not in (select p.code from permissions p)))",
    .detail = "At least one of these permissions does not exist.",
    .field = "permissions",
};

/// A caller cannot change a role that has permissions that the caller does not have.
inline constexpr api::Rule stronger_role{
    .code = "stronger_role",
    .status = 403,
    .when = "exists (select from role_permissions rp where rp.role_id = it.id and rp.code <> all (me.codes))",
    .detail = "This role has permissions that you do not have.",
};
inline constexpr api::Rule built_in_is_renamed{
    .code = "built_in",
    .status = 409,
    .when = "it.built_in and input.name <> it.name",
    .detail = "A built-in role cannot be renamed.",
};
inline constexpr api::Rule built_in_is_deleted{
    .code = "built_in",
    .status = 409,
    .when = "it.built_in",
    .detail = "A built-in role cannot be deleted.",
};

/// The permissions after a change: those of the field `permissions`, or the present ones if it is absent.
inline constexpr api::Computed permissions_set{"permissions", R"(
coalesce(sorted_names(:body.permissions),
         (select coalesce(jsonb_agg(rp.code order by rp.code), '[]')
            from role_permissions rp where rp.role_id = it.id)))"};
