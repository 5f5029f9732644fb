// refused: A :name in the SQL is neither in the path, nor a field of the body, nor in .with.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}", .summary = "Show.", .permissions = {api::caller}, .object = tasks,
    .sql = "answer as (select granted.* from granted where granted.id = :taskid)"}};
