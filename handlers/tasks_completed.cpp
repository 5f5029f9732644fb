// The completed tasks that are assigned to the caller, last completed first.
#include "api.hpp"
#include "objects/task.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks/completed",
    .also = {"GET /api/Task_API/tasks/completed"},
    .summary = "List the completed tasks that are assigned to you, last completed first.",
    .permissions = {api::caller},
    .resource = own_tasks,
    .where = "it.status = 'Complete'",
    .filters = {"title", "status", "priority_level", "due_date", "user", "author", "equipment", "search"},
    .ordering = {"id", "completed_at", "due_date", "title"},
    .order = "-completed_at",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list); }
