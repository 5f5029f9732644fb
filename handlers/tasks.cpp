// Tasks: list, create, show, change, delete.
#include "api.hpp"
#include "objects/work_order.hpp"

namespace {

constexpr api::Rule not_author{
    .code = "not_author",
    .status = 403,
    .when = "it.author <> me.id and not has_permission(tasks.delete_all)",
    .detail = "Only the author of this task and users with the permission tasks.delete_all can delete it.",
};
constexpr api::Rule assign_missing{
    .code = "assign_missing",
    .status = 403,
    .when =
        "input.\"user\" is distinct from it.\"user\" and input.\"user\" <> me.id and not has_permission(tasks.assign)",
    .detail = "Assigning a task to another user requires the permission tasks.assign.",
};
constexpr api::Rule work_order_missing{
    .code = "work_order_missing",
    .status = 403,
    .when = "input.equipment is distinct from it.equipment and not has_permission(work_orders.create)",
    .detail = "Setting or changing equipment requires the permission work_orders.create.",
};
constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks",
    .also = {"GET /api/Task_API/tasks", "GET /api/tasks"},
    .summary = "List tasks: your own and all work orders, or with `tasks.view_all` all tasks.",
    .permissions = {api::caller},
    .resource = tasks,
    .filters = {"title", "status", "priority_level", "due_date", "user", "author", "equipment", "search"},
    .ordering = {"id", "due_date", "title"},
}};

constexpr api::Endpoint<Task, Task> create{{
    .route = "POST /api/v1/tasks",
    .also = {"POST /api/Task_API/tasks/create", "POST /api/tasks"},
    .summary = "Create a task. With `equipment`, it is a work order.",
    .permissions = {"tasks.create"},
    .resource = tasks,
    .server_set = {{"author", "me.id"},
                   {"user", "coalesce(input.\"user\", me.id)"},
                   {"claimed_until", claim_of_new_order}},
    .rules = {assign_missing, work_order_missing, equipment_retired},
}};

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}",
    .also = {"GET /api/Task_API/tasks/{task_id}", "GET /api/task/{task_id}"},
    .summary = "Show one task.",
    .permissions = {api::caller},
    .resource = tasks,
}};

constexpr api::Endpoint<Task, Task> change{{
    .route = "PUT PATCH /api/v1/tasks/{task_id}",
    .also = {"PUT PATCH /api/Task_API/tasks/{task_id}/update", "PUT PATCH /api/Task_API/tasks/{task_id}",
             "PUT PATCH /api/task/{task_id}"},
    .summary = "Change a task's title, description, due date, priority, user or equipment.",
    .permissions = {api::caller},
    .resource = tasks,
    .server_set = {{"claimed_until", claim_of_changed_order}},
    .rules = {not_yours, assign_missing, work_order_missing, done_order_keeps_its_item, scheduled_order_keeps_its_item,
              equipment_retired},
}};

constexpr api::Endpoint<api::None, api::None> delete_task{{
    .route = "DELETE /api/v1/tasks/{task_id}",
    .also = {"DELETE /api/Task_API/tasks/{task_id}/delete", "DELETE /api/Task_API/tasks/{task_id}",
             "DELETE /api/task/{task_id}"},
    .summary = "Delete a task permanently. Documents, messages and reports that refer to it are kept.",
    .permissions = {api::caller},
    .resource = tasks,
    .rules = {not_author, order_has_record},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_task); }
