// refused: The id of a .parent must be in the path, as {<name>_id}, or in the body.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Part, Maintenance> create{{.route = "POST /api/v1/maintenance",
                                                   .summary = "Create.",
                                                   .permissions = {"maintenance.create"},
                                                   .resource = maintenance,
                                                   .parent = tasks}};
