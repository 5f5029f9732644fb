// refused: A list in the body is not a column: the .sql or .server_set must read it.
#include "api.hpp"
#include "objects/role.hpp"

constexpr api::Endpoint<Role, Role> create{
    {.route = "POST /api/v1/roles", .summary = "Create.", .permissions = {"roles.edit"}, .resource = roles}};
