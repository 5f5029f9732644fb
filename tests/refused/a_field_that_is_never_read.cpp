// refused: A field of the body is never read by the SQL.
#include "api.hpp"
#include "objects/task.hpp"

struct Change {
    api::Required<TaskStatus> status;
    api::Text<> reason;
};
BOOST_DESCRIBE_STRUCT(Change, (), (status, reason))

constexpr api::Endpoint<Change, Task> change{
    {.route = "PATCH /api/v1/tasks/{task_id}/status",
     .summary = "Change.",
     .permissions = {api::caller},
     .resource = tasks,
     .sql =
         "answer as (update tasks it set status = :body.status from authorized where it.id = authorized.id returning it.*)"}};
