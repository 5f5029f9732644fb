// refused: A rule has .names where its sentence has {}.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Task, Task> create{{.route = "POST /api/v1/tasks",
                                             .summary = "Create.",
                                             .permissions = {api::caller},
                                             .object = tasks,
                                             .rules = {{"held", 409, "true", "{} holds it."}}}};
