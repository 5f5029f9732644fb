// refused: An .internal endpoint must not have a path of the API.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{.route = "GET /api/v1/tasks/{task_id}",
                                               .summary = "Show.",
                                               .permissions = {api::caller},
                                               .resource = tasks,
                                               .internal = true}};
