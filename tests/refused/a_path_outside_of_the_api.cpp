// refused: The path of a .route must begin with /api/v1/ or /media/; other paths belong in .also.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "GET /tasks/{task_id}", .summary = "Show.", .permissions = {api::caller}, .resource = tasks}};
