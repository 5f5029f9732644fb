// refused: A rule has .name where its sentence has {}.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks",
     .summary = "Create.",
     .permissions = {api::caller},
     .resource = tasks,
     .rules = {{.code = "held", .status = 409, .when = "true", .detail = "{} holds it."}}}};
