// The history of one task: each change with its user, time, old values and new values.
#include "api.hpp"
#include "objects/audit.hpp"
#include "objects/task.hpp"

namespace {

/// All users can see a work order. Its changes from before it became a work order are visible only to its author and to
/// users with tasks.view_all: until then the task was private.
constexpr std::string_view of_this_task = R"(it.row_id = :path.task_id
        and (has_permission(tasks.view_all) or exists (select from parent where parent.author = me.id)
             or it.id > coalesce((select made.id from audit made
                                   where made.table_name = 'tasks' and made.row_id = :path.task_id
                                     and made.operation = 'update' and made.old -> 'equipment' = 'null'
                                   order by made.at desc limit 1), 0)))";

constexpr api::Endpoint<api::None, api::Page<TaskChange>> list{{
    .route = "GET /api/v1/tasks/{task_id}/history",
    .summary = "List the changes to a task, newest first.",
    .permissions = {api::caller},
    .resource = task_changes,
    .parent = tasks,
    .where = of_this_task,
    .filters = {"user_id", "operation", "at"},
    .ordering = {"id", "at"},
    .order = "-at",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list); }
