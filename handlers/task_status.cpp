// Changes the status of one task.
#include "api.hpp"
#include "objects/task.hpp"

namespace {

struct Change {
    api::Required<TaskStatus> status;
};
BOOST_DESCRIBE_STRUCT(Change, (), (status))

constexpr api::Endpoint<Change, Task> change{{
    .route = "PATCH /api/v1/tasks/{task_id}/status",
    .also = {"PATCH /api/Task_API/tasks/{task_id}/status"},
    .summary = "Change a task's status. `Complete` sets `completed_at`, any other status clears it.",
    .permissions = {api::caller},
    .resource = tasks,
    .rules = {not_yours,
              {.code = "needs_record",
               .status = 409,
               .when = "it.equipment is not null and (:body.status = 'Complete') <> (it.status = 'Complete')",
               .detail = "To complete a work order, create its maintenance record. To reopen it, delete that record."}},
    .sql = R"(answer as (
        update tasks it
           set status        = :body.status,
               completed_at  = case when :body.status = 'Complete' then coalesce(it.completed_at, now()) end,
               claimed_until = case when :body.status in ('Pending', 'In Progress') then it.claimed_until end
          from authorized
         where it.id = authorized.id
        returning it.*
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, change); }
