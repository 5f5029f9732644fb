// refused: A :group.name in the SQL is not a field of the body, a parameter of the path, in .extra_params or a
// parameter of the library.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, Task> show{
    {.route = "GET /api/v1/tasks/{task_id}",
     .summary = "Show.",
     .permissions = {api::caller},
     .resource = tasks,
     .sql = "answer as (select authorized.* from authorized where authorized.id = :path.taskid)"}};
