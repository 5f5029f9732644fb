// refused: A may(code) in the SQL is not in lib/schema/permissions.hpp.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> create{{
    .route = "POST /api/v1/tasks", .summary = "Create.", .permissions = {"tasks.create"}, .object = tasks,
    .rules = {{"no", 403, "not may(tasks.asign)", "No."}}}};
