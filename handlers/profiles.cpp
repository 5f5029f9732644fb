// The profile of a user.
#include "api.hpp"
#include "objects/profile.hpp"
#include "objects/user.hpp"

namespace {

constexpr api::Endpoint<api::None, Profile> show{{
    .route = "GET /api/v1/users/{user_id}/profile",
    .also = {"GET /api/user_management/users/{user_id}/profile"},
    .summary = "Show a user's profile.",
    .permissions = {api::caller},
    .resource = profiles,
    .row = "it.id = :path.user_id",
}};

constexpr api::Endpoint<Profile, Profile> change{{
    .route = "PUT PATCH /api/v1/users/{user_id}/profile",
    .also = {"PUT PATCH /api/user_management/users/{user_id}/profile"},
    .summary = "Change your own profile, or with `users.edit` that of another user.",
    .permissions = {api::caller},
    .resource = profiles,
    .row = "it.id = :path.user_id",
    .rules = {{.code = "not_born",
               .status = 400,
               .when = "input.date_of_birth > current_date",
               .detail = "Must not be in the future.",
               .field = "date_of_birth"},
              not_your_profile,
              own_account,
              stronger_account},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, show, change); }
