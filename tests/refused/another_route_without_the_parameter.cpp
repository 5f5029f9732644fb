// refused: A route of .also lacks a parameter of .route.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{.route = "GET /api/v1/tasks/{task_id}",
                                               .also = {"GET /api/task/{id}"},
                                               .summary = "Show.",
                                               .permissions = {api::caller},
                                               .resource = tasks}};
