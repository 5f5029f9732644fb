// refused: A route begins with GET, POST, PUT, PATCH or DELETE.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "FETCH /api/v1/tasks/{task_id}", .summary = "Show.", .permissions = {api::caller}, .resource = tasks}};
