// A user account, and the rules that keep callers from giving themselves more permissions.
#pragma once
#include "base/problem.hpp"
#include "schema/endpoint.hpp"

/// Every caller can see all users. Private members are null unless the caller may see them.
inline constexpr api::Resource users{
    .name = "user",
    .table = "users",
    .path = "/api/v1/users",
    .visible = {"true"},
    .computed = {{"roles", R"((select coalesce(jsonb_agg(r.name order by r.name), '[]')
                     from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id))"}},
    .referable = "it.is_active",
    .searched = {.columns = {"username", "first_name", "last_name"}, .texts = "users_texts"},
    .private_members = {"email", "is_active", "is_superuser", "date_joined", "last_login"},
    .private_to = "it.id = me.id or has_permission(users.view_private)",
};

struct User {
    api::ReadOnly<api::Id> id;
    api::Username username;
    api::Email email;
    api::Line<0, 150> first_name;
    api::Line<0, 150> last_name;
    api::ReadOnly<std::optional<bool>> is_active;
    api::ReadOnly<std::optional<bool>> is_superuser;
    api::ReadOnly<api::Names> roles;
    api::ReadOnly<std::optional<api::Time>> date_joined;
    api::ReadOnly<std::optional<api::Time>> last_login;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, username, email, first_name, last_name, is_active, is_superuser, roles, date_joined,
                       last_login, version))

/// A caller cannot change an account with permissions that the caller does not have: they could take it over. `it` is a
/// user, or a row with the same id.
inline constexpr api::Rule stronger_account{
    .code = "stronger_account",
    .status = 403,
    .when = R"(it.id <> me.id and exists (
        select from users account
         where account.id = it.id
           and (account.is_superuser and not me.is_superuser
                or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes)))))",
    .detail = "This account has permissions that you do not have.",
};

/// A personal access token cannot change the account that it belongs to.
inline constexpr api::Rule own_account{
    .code = api::refusals::session_required.code,
    .status = 403,
    .when = "it.id = me.id and me.kind <> 'session'",
    .detail = api::refusals::session_required.detail,
};

/// The field `roles` can add only roles whose permissions the caller has.
inline constexpr api::Rule role_lacking{
    .code = "role_lacking",
    .status = 403,
    .when = R"(exists (
        select from roles r join role_permissions rp on rp.role_id = r.id
         where r.name in (select jsonb_array_elements_text(:body.roles)) and rp.code <> all (me.codes)
           and not exists (select from user_roles ur where ur.user_id = it.id and ur.role_id = r.id)))",
    .detail = "You can assign only roles whose permissions you have.",
};

/// The roles in the field `roles` must exist.
inline constexpr api::Rule no_such_role{
    .code = "no_such_role",
    .status = 400,
    .when = R"(exists (
        select from jsonb_array_elements_text(:body.roles) given where given not in (select r.name from roles r)))",
    .detail = "At least one of these roles does not exist.",
    .field = "roles",
};

/// Gives the user exactly the roles in the field `roles`. Without the field, the roles stay unchanged.
inline constexpr std::string_view set_roles = R"(taken as (
        delete from user_roles ur using authorized, roles r
         where :body.roles is not null and ur.user_id = authorized.id and r.id = ur.role_id
           and r.name not in (select jsonb_array_elements_text(:body.roles))
        returning ur.role_id
    ), handed as (
        insert into user_roles (user_id, role_id)
        select authorized.id, r.id
          from authorized join roles r on r.name in (select jsonb_array_elements_text(:body.roles))
        on conflict do nothing
        returning role_id
    ))";
/// A change of roles is a change of the user.
inline constexpr api::ServerSet roles_changed{"updated_at", R"(
        case when exists (select from taken) or exists (select from handed) then now() else it.updated_at end)"};
/// The roles after the change. They are computed, because a statement does not see the changes of its own parts.
inline constexpr api::Computed roles_set{"roles", R"(

coalesce(sorted_names(:body.roles),
         (select coalesce(jsonb_agg(r.name order by r.name), '[]')
            from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)))"};
