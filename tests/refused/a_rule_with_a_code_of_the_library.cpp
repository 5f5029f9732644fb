// refused: The code of a rule is none of the library's own.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks",
     .summary = "Create.",
     .permissions = {api::caller},
     .resource = tasks,
     .rules = {{.code = "stale", .status = 409, .when = "true", .detail = "It is old."}}}};
