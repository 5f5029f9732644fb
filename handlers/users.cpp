// Users: who works here.
#include "api.hpp"
#include "objects/user.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<User>> list{{
    .route = "GET /api/v1/users",
    .also = {"GET /api/user_management/users", "GET /api/technicians"},
    .summary = "List the users.",
    .permissions = {api::caller},
    .object = users,
    .filters = {"username", "first_name", "last_name", "search"},
    .ordering = {"id", "username"},
}};

constexpr api::Endpoint<api::None, User> show{{
    .route = "GET /api/v1/users/{user_id}",
    .also = {"GET /api/user_management/users/{user_id}", "GET /api/technician/{user_id}"},
    .summary = "Show one user.",
    .permissions = {api::caller},
    .object = users,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, show); }
