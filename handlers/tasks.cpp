// Tasks: list, create, show, change, delete.
#include "api.hpp"
#include "objects/task.hpp"

namespace {

constexpr api::Rule not_author{"not_author", 403, "it.author <> me.id and not may(tasks.delete_all)",
                               "Only its author and holders of tasks.delete_all can delete this task."};
constexpr api::Rule no_assign{
    "assign_missing", 403,
    "given.\"user\" is distinct from it.\"user\" and given.\"user\" <> me.id and not may(tasks.assign)",
    "Giving a task to another user needs the permission tasks.assign."};
constexpr api::Rule no_order{"work_order_missing", 403,
                             "given.equipment is distinct from it.equipment and not may(work_orders.create)",
                             "Making a task a work order needs the permission work_orders.create."};
constexpr api::Rule done{"task_complete", 409,
                         R"(it.status = 'Complete' and (given.equipment is distinct from it.equipment
                     or it.equipment is not null and given."user" <> it."user"))",
                         "A completed task keeps its equipment, and a completed work order its technician."};
constexpr api::Rule scheduled{"scheduled_order", 409,
                              "it.schedule is not null and given.equipment is distinct from it.equipment",
                              "A work order of a schedule keeps its equipment."};
constexpr api::Rule has_record{"order_has_record", 409, "exists (select from maintenance m where m.task = it.id)",
                               "A work order with a maintenance record stays: the record is the history of its item."};

constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks",
    .also = {"GET /api/Task_API/tasks", "GET /api/tasks"},
    .summary = "List the tasks that the caller may see: one's own, work orders, or all.",
    .permissions = {api::caller},
    .object = tasks,
    .filters = {"title", "status", "priority_level", "due_date", "user", "author", "equipment", "search"},
    .ordering = {"id", "due_date", "title"},
}};

constexpr api::Endpoint<Task, Task> create{{
    .route = "POST /api/v1/tasks",
    .also = {"POST /api/Task_API/tasks/create", "POST /api/tasks"},
    .summary = "Create a task; with equipment, a work order.",
    .permissions = {"tasks.create"},
    .object = tasks,
    .fills = {{"author", "me.id"}, {"user", "coalesce(given.\"user\", me.id)"}, {"claimed_until", claim_of_new_order}},
    .rules = {no_assign, no_order, equipment_retired},
}};

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}",
    .also = {"GET /api/Task_API/tasks/{task_id}", "GET /api/task/{task_id}"},
    .summary = "Show one task.",
    .permissions = {api::caller},
    .object = tasks,
}};

constexpr api::Endpoint<Task, Task> change{{
    .route = "PUT PATCH /api/v1/tasks/{task_id}",
    .also = {"PUT PATCH /api/Task_API/tasks/{task_id}/update", "PUT PATCH /api/Task_API/tasks/{task_id}",
             "PUT PATCH /api/task/{task_id}"},
    .summary = "Change a task's title, description, due date, priority, user or equipment.",
    .permissions = {api::caller},
    .object = tasks,
    .fills = {{"claimed_until", claim_of_changed_order}},
    .rules = {not_yours, no_assign, no_order, done, scheduled, equipment_retired},
}};

constexpr api::Endpoint<api::None, api::None> delete_task{{
    .route = "DELETE /api/v1/tasks/{task_id}",
    .also = {"DELETE /api/Task_API/tasks/{task_id}/delete", "DELETE /api/Task_API/tasks/{task_id}",
             "DELETE /api/task/{task_id}"},
    .summary = "Delete a task for good.",
    .permissions = {api::caller},
    .object = tasks,
    .rules = {not_author, has_record},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_task); }
