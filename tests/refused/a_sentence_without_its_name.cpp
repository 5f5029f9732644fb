// refused: A rule must have .name if its .detail has {}, and only then.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks",
     .summary = "Create.",
     .permissions = {api::caller},
     .resource = tasks,
     .rules = {{.code = "held", .status = 409, .when = "true", .detail = "{} holds it."}}}};
