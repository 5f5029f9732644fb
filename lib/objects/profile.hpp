// A profile: personal data of a user. It is created with the user and has the user's id.
#pragma once
#include "files/media.hpp"
#include "schema/endpoint.hpp"

/// Every caller can see every profile.
inline constexpr api::Resource profiles{
    .name = "profile",
    .table = "profiles",
    .path = "/api/v1/users",
    .visible = {"true"},
    .computed = {{"user", "it.id"},
                 {"picture_url",
                  "case when it.picture_sha256 is not null then jsonb_build_array(:system.base_url, 'picture',"
                  " it.picture_sha256, 'picture.' ||"
                  " replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type,"
                  " :system.media_expires) end"},
                 {"thumbnail_url",
                  "case when it.thumbnail_sha256 is not null then jsonb_build_array(:system.base_url, 'picture',"
                  " it.thumbnail_sha256, 'thumbnail.' ||"
                  " replace(split_part(it.picture_type, '/', 2), 'jpeg', 'jpg'), it.picture_type,"
                  " :system.media_expires) end"}},
};

/// Only its user and users with users.edit can change a profile.
inline constexpr api::Rule not_your_profile{
    .code = "not_yours",
    .status = 403,
    .when = "it.id <> me.id and not has_permission(users.edit)",
    .detail = "Changing the profile of another user requires the permission users.edit.",
};

struct Profile {
    api::ReadOnly<api::Id> user;
    api::Line<0, 50> phone;
    api::Line<0, 150> job_title;
    api::Text<> bio;
    std::optional<api::Date> date_of_birth;
    api::ReadOnly<std::optional<api::MediaUrl>> picture_url;
    api::ReadOnly<std::optional<api::MediaUrl>> thumbnail_url;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Profile, (),
                      (user, phone, job_title, bio, date_of_birth, picture_url, thumbnail_url, created_at, updated_at,
                       version))
