// refused: The code of a rule must not be one of the library's own codes.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks",
     .summary = "Create.",
     .permissions = {api::caller},
     .resource = tasks,
     .rules = {{.code = "stale", .status = 409, .when = "true", .detail = "It is old."}}}};
