// refused: A has_permission(code) is not in lib/schema/permissions.hpp.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks",
     .summary = "Create.",
     .permissions = {"tasks.create"},
     .resource = tasks,
     .rules = {{.code = "no", .status = 403, .when = "not has_permission(tasks.asign)", .detail = "No."}}}};
