// A profile: the person's side of an account. It is made with the user, and its id is the user's.
#pragma once
#include "form.hpp"

/// Everybody sees everybody's.
inline constexpr api::Object profiles{
    .name = "profile",
    .table = "profiles",
    .path = "/api/v1/users",
    .visible = {"true"},
    .computed = {{"user", "it.id"}, {"picture_url", "null::text"}, {"thumbnail_url", "null::text"}},
};

struct Profile {
    api::ReadOnly<api::Id> user;
    api::Line<0, 50> phone;
    api::Line<0, 150> job_title;
    api::Text<> bio;
    std::optional<api::Date> date_of_birth;
    api::ReadOnly<std::optional<api::Text<>>> picture_url;
    api::ReadOnly<std::optional<api::Text<>>> thumbnail_url;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Profile, (),
                      (user, phone, job_title, bio, date_of_birth, picture_url, thumbnail_url, created_at, updated_at,
                       version))
