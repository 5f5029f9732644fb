// refused: The SQL of a form has no comments, dollar quotes or numbered parameters.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}", .summary = "Show.", .permissions = {api::caller}, .object = tasks,
    .sql = "answer as (select granted.* from granted) -- all of it"}};
