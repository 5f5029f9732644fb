// A user: an account and the person behind it, with what keeps accounts from growing by themselves. What is private is
// null for others.
#pragma once
#include "schema/endpoint.hpp"
#include "base/problem.hpp"

/// Everybody sees everybody; what is private is null for others.
inline constexpr api::Object users{
    .name = "user",
    .table = "users",
    .path = "/api/v1/users",
    .visible = {"true"},
    .computed = {{"email", "case when it.id = me.id or may(users.view_private) then it.email end"},
                 {"is_active", "case when it.id = me.id or may(users.view_private) then it.is_active end"},
                 {"is_superuser", "case when it.id = me.id or may(users.view_private) then it.is_superuser end"},
                 {"date_joined", "case when it.id = me.id or may(users.view_private) then it.date_joined end"},
                 {"last_login", "case when it.id = me.id or may(users.view_private) then it.last_login end"},
                 {"roles", R"((select coalesce(jsonb_agg(r.name order by r.name), '[]')
                     from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id))"}},
    .referable = "it.is_active",
    .searched = "it.username || ' ' || it.first_name || ' ' || it.last_name",
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

/// Nobody changes an account that may what they may not: they could make it theirs. `it` is a user or what has its id.
inline constexpr api::Rule stronger_account{"stronger_account", 403,
                                            R"(it.id <> me.id and exists (
        select from users account
         where account.id = it.id
           and (account.is_superuser and not me.is_superuser
                or exists (select from user_permissions held where held.user_id = it.id and held.code <> all (me.codes)))))",
                                            "This account has permissions that you lack."};

/// A personal access token never changes the account that it belongs to.
inline constexpr api::Rule own_account{api::refusals::session_required.code, 403,
                                       "it.id = me.id and me.kind <> 'session'",
                                       api::refusals::session_required.detail};

/// Nobody makes others stronger than they are: the field `roles` adds only roles whose permissions the caller has.
inline constexpr api::Rule role_lacking{"role_lacking", 403,
                                        R"(exists (
        select from roles r join role_permissions rp on rp.role_id = r.id
         where r.name in (select jsonb_array_elements_text(:roles::jsonb)) and rp.code <> all (me.codes)
           and not exists (select from user_roles ur where ur.user_id = it.id and ur.role_id = r.id)))",
                                        "Nobody can hand out a role with permissions that they lack."};

/// The field `roles` names roles that there are.
inline constexpr api::Rule no_such_role{"no_such_role", 400,
                                        R"(exists (
        select from jsonb_array_elements_text(:roles::jsonb) given where given not in (select r.name from roles r)))",
                                        "There is no such role.", "roles"};

/// The roles that the field `roles` names, and no others; without the field they stay.
inline constexpr std::string_view set_roles = R"(taken as (
        delete from user_roles ur using granted, roles r
         where :roles::jsonb is not null and ur.user_id = granted.id and r.id = ur.role_id
           and r.name not in (select jsonb_array_elements_text(:roles::jsonb))
        returning ur.role_id
    ), handed as (
        insert into user_roles (user_id, role_id)
        select granted.id, r.id
          from granted join roles r on r.name in (select jsonb_array_elements_text(:roles::jsonb))
        on conflict do nothing
        returning role_id
    ))";
/// Other roles are a change of the user.
inline constexpr api::Fill roles_changed{"updated_at", R"(
        case when exists (select from taken) or exists (select from handed) then now() else it.updated_at end)"};
/// What the user has then: a statement does not see what its own parts have done.
inline constexpr api::Computed roles_set{"roles", R"(
        case when :roles::jsonb is null
             then (select coalesce(jsonb_agg(r.name order by r.name), '[]')
                     from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)
             else (select coalesce(jsonb_agg(given order by given), '[]')
                     from jsonb_array_elements_text(:roles::jsonb) given) end)"};
