// refused: The methods of a route can be GET, POST, PUT, PATCH and DELETE.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "FETCH /api/v1/tasks/{task_id}", .summary = "Show.", .permissions = {api::caller}, .resource = tasks}};
