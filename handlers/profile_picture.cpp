// The picture of a profile: put one there, take it away. What is stored is made anew of its pixels, with a thumbnail.
#include "api.hpp"
#include "objects/profile.hpp"
#include "objects/user.hpp"
#include "files/picture.hpp"
#include "files/picture_header.hpp"

namespace {

struct NewPicture {
    api::Required<api::File> file;
};
BOOST_DESCRIBE_STRUCT(NewPicture, (), (file))

/// A file on its way into the storage; its name.
std::string add_file(api::Exchange& exchange, std::string_view bytes) {
    api::Incoming& file = *exchange.files.emplace_back(std::make_unique<api::Incoming>());
    file.append(bytes);
    return file.finish().sha256;
}

/// Two files instead of the one that came, which may say where it was taken: it is gone before the row is written.
void make(api::Exchange& exchange) {
    const std::string upload = exchange.files.front()->bytes();
    exchange.files.clear();
    const api::Picture made = api::made_picture(upload);
    exchange.parameters["picture_type"] = std::string(made.type);
    exchange.parameters["picture_sha256"] = add_file(exchange, made.bytes);
    exchange.parameters["thumbnail_sha256"] =
        made.thumbnail == made.bytes ? exchange.parameters["picture_sha256"] : add_file(exchange, made.thumbnail);
}

// 200 for POST as well: a picture has no address of its own that a Location could name, it is a part of the profile
constexpr api::Endpoint<NewPicture, Profile> change{{
    .route = "POST PUT /api/v1/users/{user_id}/profile/picture",
    .also = {"POST PUT /api/user_management/users/{user_id}/profile/picture"},
    .summary = "Put a picture on one's own profile, or with users.edit on anybody's: a PNG, JPEG or WebP.",
    .permissions = {api::caller},
    .object = profiles,
    .row = "it.id = :user_id",
    .fills = {{"picture_type", ":picture_type"},
              {"picture_sha256", ":picture_sha256"},
              {"thumbnail_sha256", ":thumbnail_sha256"}},
    .rules = {not_your_profile, own_account, stronger_account, api::thrown(api::not_a_picture),
              api::thrown(api::broken_picture), api::thrown(api::too_many_pixels), api::thrown(api::heavy_picture)},
    .with = {"picture_type", "picture_sha256", "thumbnail_sha256"},
    .prepare = make,
    .status = 200,
    .largest = api::largest_picture,
}};

constexpr api::Endpoint<api::None, api::None> delete_picture{{
    .route = "DELETE /api/v1/users/{user_id}/profile/picture",
    .also = {"DELETE /api/user_management/users/{user_id}/profile/picture"},
    .summary = "Take the picture off a profile; its files go with the next `fettle sweep`.",
    .permissions = {api::caller},
    .object = profiles,
    .row = "it.id = :user_id",
    .rules = {not_your_profile,
              own_account,
              stronger_account,
              {"no_picture", 404, "it.picture_type is null", "This profile has no picture."}},
    .sql = R"(answer as (
        update profiles it set picture_type = null, picture_sha256 = null, thumbnail_sha256 = null
          from granted where it.id = granted.id returning it.*
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, change, delete_picture); }
