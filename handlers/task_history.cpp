// The history of one task: who changed what, when, with the old and the new values.
#include "api.hpp"
#include "objects/audit.hpp"
#include "objects/task.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<TaskChange>> list{{
    .route = "GET /api/v1/tasks/{task_id}/history",
    .summary = "List the changes of a task, newest first.",
    .permissions = {api::caller},
    .object = task_changes,
    .of = tasks,
    .where = "it.row_id = :task_id",
    .filters = {"user_id", "operation", "at"},
    .ordering = {"id", "at"},
    .order = "-at",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list); }
