// refused: Only a plain creation has .fills.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<Task, Task> change{{
    .route = "PATCH /api/v1/tasks/{task_id}", .summary = "Change.", .permissions = {api::caller}, .object = tasks, .fills = {{"author", "me.id"}}}};
