// A change of an account: the fields of a user, the fields that require a permission, and the rules for them.
#pragma once
#include "objects/user.hpp"

struct Account : User {
    bool is_active = true;
    bool is_superuser = false;
    api::Names roles;
    std::optional<api::Secret> current_password;
};
BOOST_DESCRIBE_STRUCT(Account, (User), (is_active, is_superuser, roles, current_password))

inline constexpr api::Rule not_your_account{
    .code = "not_yours",
    .status = 403,
    .when = "it.id <> me.id and not has_permission(users.edit)",
    .detail = "Changing the account of another user requires the permission users.edit.",
};
inline constexpr api::Rule no_deactivation{
    .code = "users_edit_missing",
    .status = 403,
    .when = "input.is_active <> it.is_active and not has_permission(users.edit)",
    .detail = "Changing is_active requires the permission users.edit.",
};
inline constexpr api::Rule superuser_required{
    .code = "superuser_required",
    .status = 403,
    .when = "input.is_superuser <> it.is_superuser and not me.is_superuser",
    .detail = "Only a superuser can change is_superuser.",
};
inline constexpr api::Rule roles_assign_missing{
    .code = "roles_assign_missing",
    .status = 403,
    .when = R"(not has_permission(roles.assign) and :body.roles is not null
                 and sorted_names(:body.roles)
                  <> (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                        from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id))",
    .detail = "Changing roles requires the permission roles.assign.",
};
inline constexpr api::Rule last_superuser{
    .code = "last_superuser",
    .status = 409,
    .when = R"(it.is_superuser and it.is_active and not (input.is_superuser and input.is_active)
                 and not exists (select from users other
                                  where other.id <> it.id and other.is_superuser and other.is_active))",
    .detail = "This is the last active superuser: is_active and is_superuser must stay true.",
};
inline constexpr api::Rule last_superuser_deleted{
    .code = "last_superuser",
    .status = 409,
    .when = R"(it.is_superuser and it.is_active
                 and not exists (select from users other
                                  where other.id <> it.id and other.is_superuser and other.is_active))",
    .detail = "The last active superuser cannot be deactivated.",
};
