// refused: The SQL of an endpoint must not have comments, dollar quotes or numbered parameters.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{{.route = "GET /api/v1/tasks/{task_id}",
                                               .summary = "Show.",
                                               .permissions = {api::caller},
                                               .resource = tasks,
                                               .sql = "answer as (select authorized.* from authorized) -- all of it"}};
