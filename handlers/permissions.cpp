// Permissions, which roles and tokens contain. They are the ones that endpoints require, and they are read-only.
#include "api.hpp"
#include "objects/role.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<Permission>> list{{
    .route = "GET /api/v1/permissions",
    .also = {"GET /api/user_management/permissions"},
    .summary = "List the permissions that endpoints require.",
    .permissions = {"roles.view"},
    .resource = permissions,
    .filters = {"code", "search"},
    .ordering = {"id", "code"},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list); }
