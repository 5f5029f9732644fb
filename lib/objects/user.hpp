// A user: an account and the person behind it.
#pragma once
#include "form.hpp"

inline constexpr api::Object users{
    .name = "user",
    .table = "users",
    .path = "/api/v1/users",
    .visible = {"true"},
    .computed = {{"email", "case when it.id = me.id or may(users.view_private) then it.email end"},
                 {"roles", "(select coalesce(jsonb_agg(r.name order by r.name), '[]') from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = it.id)"}},
    .referable = "it.is_active",
    .searched = "it.username || ' ' || it.first_name || ' ' || it.last_name",
};

struct User {
    api::ReadOnly<api::Id> id;
    api::Username username;
    api::Email email;
    api::Text<0, 150> first_name;
    api::Text<0, 150> last_name;
    api::ReadOnly<bool> is_active;
    api::ReadOnly<bool> is_superuser;
    api::ReadOnly<api::Names> roles;
    api::ReadOnly<api::Time> date_joined;
    api::ReadOnly<std::optional<api::Time>> last_login;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(User, (), (id, username, email, first_name, last_name, is_active, is_superuser, roles, date_joined, last_login, version))
