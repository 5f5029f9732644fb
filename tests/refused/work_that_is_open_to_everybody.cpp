// refused: The .sql of an endpoint joins `authorized`: a row that is not joined with it is open to everybody.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::None> delete_task{
    {.route = "DELETE /api/v1/tasks/{task_id}",
     .summary = "Delete.",
     .permissions = {api::caller},
     .resource = tasks,
     .sql = "answer as (delete from tasks where id = :path.task_id)"}};
