// refused: Only a creation or a list can have a .parent.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Maintenance, Maintenance> change{{.route = "PUT /api/v1/maintenance/{maintenance_id}",
                                                          .summary = "Change.",
                                                          .permissions = {api::caller},
                                                          .resource = maintenance,
                                                          .parent = tasks}};
