// refused: Only an endpoint with .prepare or .run can have .queries.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{.route = "GET /api/v1/tasks/{task_id}",
                                               .summary = "Show.",
                                               .permissions = {api::caller},
                                               .resource = tasks,
                                               .queries = {"select 1"}}};
