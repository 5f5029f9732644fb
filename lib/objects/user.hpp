// A user: an account and the person behind it. What is private is null for others.
#pragma once
#include "form.hpp"

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
                 {"roles",
                  "(select coalesce(jsonb_agg(r.name order by r.name), '[]') from user_roles ur join roles r on r.id = "
                  "ur.role_id where ur.user_id = it.id)"}},
    .referable = "it.is_active",
    .searched = "it.username || ' ' || it.first_name || ' ' || it.last_name",
};

struct User {
    api::ReadOnly<api::Id> id;
    api::Username username;
    api::Email email;
    api::Text<0, 150> first_name;
    api::Text<0, 150> last_name;
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
