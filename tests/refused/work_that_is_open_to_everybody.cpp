// refused: The .sql of an endpoint must join `authorized`: rows not joined with it are open to every caller.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::None> delete_task{
    {.route = "DELETE /api/v1/tasks/{task_id}",
     .summary = "Delete.",
     .permissions = {api::caller},
     .resource = tasks,
     .sql = "answer as (delete from tasks where id = :path.task_id)"}};
