// refused: A :group.name in the SQL is no field of the body, no parameter of the path, not in .extra_params and not
// given by the library.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "GET /api/v1/tasks/{task_id}",
     .summary = "Show.",
     .permissions = {api::caller},
     .resource = tasks,
     .sql = "answer as (select authorized.* from authorized where authorized.id = :path.taskid)"}};
