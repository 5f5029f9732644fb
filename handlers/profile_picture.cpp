// The picture of a profile: set and remove. The stored picture is re-encoded from the pixels, with a thumbnail.
#include "api.hpp"
#include "files/picture.hpp"
#include "files/picture_header.hpp"
#include "objects/profile.hpp"
#include "objects/user.hpp"

namespace {

struct NewPicture {
    api::Required<api::File> file;
};
BOOST_DESCRIBE_STRUCT(NewPicture, (), (file))

/// Adds a file that the request will store. Returns its SHA-256, which is its name in the storage.
std::string add_file(api::RequestContext& context, std::string_view bytes) {
    api::Incoming& file = *context.files().emplace_back(std::make_unique<api::Incoming>());
    file.append(bytes);
    return file.finish().sha256;
}

/// Replaces the uploaded file by the re-encoded picture and its thumbnail, before the row is written. The upload is not
/// stored, because it can contain the place where the picture was taken.
void make(api::RequestContext& context) {
    const std::string upload = context.files().front()->bytes();
    context.files().clear();
    const api::Picture made = api::made_picture(upload);
    context.bind("picture_type", std::string(made.type));
    const std::string picture = add_file(context, made.bytes);
    context.bind("picture_sha256", picture);
    context.bind("thumbnail_sha256", made.thumbnail == made.bytes ? picture : add_file(context, made.thumbnail));
}

// POST returns 200, not 201: a picture is part of the profile and has no URL of its own for a Location
constexpr api::Endpoint<NewPicture, Profile> change{{
    .route = "POST PUT /api/v1/users/{user_id}/profile/picture",
    .also = {"POST PUT /api/user_management/users/{user_id}/profile/picture"},
    .summary = "Set the picture of your own profile, or with `users.edit` that of another user. "
               "Send a PNG, JPEG or WebP.",
    .permissions = {api::caller},
    .resource = profiles,
    .row = "it.id = :path.user_id",
    .server_set = {{"picture_type", ":extra.picture_type"},
                   {"picture_sha256", ":extra.picture_sha256"},
                   {"thumbnail_sha256", ":extra.thumbnail_sha256"}},
    .rules = {not_your_profile, own_account, stronger_account, api::thrown(api::not_a_picture),
              api::thrown(api::broken_picture), api::thrown(api::too_many_pixels), api::thrown(api::heavy_picture)},
    .extra_params = {{"picture_type", "text"}, {"picture_sha256", "text"}, {"thumbnail_sha256", "text"}},
    .prepare = make,
    .status = 200,
    .largest = api::largest_picture,
}};

constexpr api::Endpoint<api::None, api::None> delete_picture{{
    .route = "DELETE /api/v1/users/{user_id}/profile/picture",
    .also = {"DELETE /api/user_management/users/{user_id}/profile/picture"},
    .summary = "Remove the picture of your own profile, or with `users.edit` that of another user. "
               "The next `fettle sweep` deletes its files.",
    .permissions = {api::caller},
    .resource = profiles,
    .row = "it.id = :path.user_id",
    .rules = {not_your_profile,
              own_account,
              stronger_account,
              {.code = "no_picture",
               .status = 404,
               .when = "it.picture_type is null",
               .detail = "This profile has no picture."}},
    .sql = R"(answer as (
        update profiles it set picture_type = null, picture_sha256 = null, thumbnail_sha256 = null
          from authorized where it.id = authorized.id returning it.*
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, change, delete_picture); }
