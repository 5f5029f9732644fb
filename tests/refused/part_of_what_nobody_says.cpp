// refused: What a form is .of stands in the path, as {<name>_id}, or in the body.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Part, Maintenance> create{{
    .route = "POST /api/v1/maintenance", .summary = "Create.", .permissions = {"maintenance.create"}, .object = maintenance, .of = tasks}};
