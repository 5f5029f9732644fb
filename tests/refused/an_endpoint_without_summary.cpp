// refused: An endpoint needs a .summary: a sentence for the documentation.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "GET /api/v1/tasks/{task_id}", .permissions = {api::caller}, .resource = tasks}};
