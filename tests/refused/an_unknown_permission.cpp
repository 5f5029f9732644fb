// refused: A permission of the endpoint is not in lib/schema/permissions.hpp.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> create{
    {.route = "POST /api/v1/tasks", .summary = "Create.", .permissions = {"tasks.craete"}, .resource = tasks}};
