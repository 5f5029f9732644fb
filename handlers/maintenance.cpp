// Maintenance records: who did what to complete a work order. Each order has at most one record.
#include "objects/maintenance.hpp"

#include "api.hpp"
#include "objects/work_order.hpp"

namespace {

constexpr api::Rule not_a_work_order{
    .code = "not_a_work_order",
    .status = 400,
    .when = "task.equipment is null",
    .detail = "This task is not a work order: it has no equipment.",
    .field = "task",
};
constexpr api::Rule performed_in_future = in_future("performed_at", "is_in_future(input.performed_at)");
constexpr api::Rule other_order{
    .code = "other_order",
    .status = 400,
    .when = "input.task <> it.task",
    .detail = "The work order of a record cannot be changed.",
    .field = "task",
};
constexpr api::Rule not_technician{
    .code = "not_technician",
    .status = 403,
    .when = "it.technician <> me.id and not has_permission(maintenance.edit_all)",
    .detail =
        "Only the technician of this record and users with the permission maintenance.edit_all can change or "
        "delete it.",
};

constexpr api::Endpoint<api::None, api::Page<Maintenance>> list{{
    .route = "GET /api/v1/maintenance",
    .also = {"GET /api/maintenance"},
    .summary = "List maintenance records.",
    .permissions = {api::caller},
    .resource = maintenance,
    .filters = {"task", "equipment", "technician", "performed_at", "search"},
    .ordering = {"id", "performed_at"},
}};

// triggers complete the order, assign it to the technician and set the next due date of its schedule:
// sql/functions/work_orders.sql
constexpr api::Endpoint<Maintenance, Maintenance> create{{
    .route = "POST /api/v1/maintenance",
    .also = {"POST /api/maintenance"},
    .summary = "Create a maintenance record. It completes the work order given as `task`.",
    .permissions = {"maintenance.create"},
    .resource = maintenance,
    .parent = tasks,
    .server_set = {{"equipment", "task.equipment"},
                   {"technician", "me.id"},
                   {"performed_at", "coalesce(input.performed_at, now())"}},
    .rules = {not_a_work_order, performed_in_future, api::of_parent(order_done), api::of_parent(order_cancelled),
              api::of_parent(order_claimed)},
}};

constexpr api::Endpoint<api::None, Maintenance> show{{
    .route = "GET /api/v1/maintenance/{maintenance_id}",
    .also = {"GET /api/maintenance/{maintenance_id}"},
    .summary = "Show one maintenance record.",
    .permissions = {api::caller},
    .resource = maintenance,
}};

constexpr api::Endpoint<Maintenance, Maintenance> change{{
    .route = "PUT PATCH /api/v1/maintenance/{maintenance_id}",
    .also = {"PUT PATCH /api/maintenance/{maintenance_id}"},
    .summary = "Change a maintenance record. Its work order cannot be changed.",
    .permissions = {api::caller},
    .resource = maintenance,
    .rules = {not_technician, other_order, performed_in_future},
}};

constexpr api::Endpoint<api::None, api::None> delete_record{{
    .route = "DELETE /api/v1/maintenance/{maintenance_id}",
    .also = {"DELETE /api/maintenance/{maintenance_id}"},
    .summary = "Delete a maintenance record. Its work order is reopened with status `Pending`. "
               "Documents attached to the record are kept.",
    .permissions = {api::caller},
    .resource = maintenance,
    .rules = {not_technician},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_record); }
