// Maintenance records: who did what to complete a work order. One record for each order.
#include "objects/maintenance.hpp"

#include "api.hpp"

namespace {

constexpr api::Rule no_order{"not_a_work_order", 400, "task.equipment is null", "This task is no work order.", "task"};
constexpr api::Rule in_future{"in_future", 400, "given.performed_at > now() + interval '5 minutes'",
                              "This moment is in the future.", "performed_at"};
constexpr api::Rule other_order{"other_order", 400, "given.task <> it.task", "A record keeps its work order.", "task"};
constexpr api::Rule order_done{"order_done", 409, "task.status = 'Complete'", "{} has completed this work order.", "",
                               // a record of this very moment is not seen yet: then the order is its technician's
                               R"((select u.username from users u where u.id = coalesce(
                                     (select m.technician from maintenance m where m.task = task.id), task."user")))"};
constexpr api::Rule cancelled{"order_cancelled", 409, "task.status = 'Cancelled'", "This work order was cancelled."};
constexpr api::Rule claimed{"claimed",
                            409,
                            "task.claimed_until > now() and task.\"user\" <> me.id",
                            "{} holds this work order.",
                            "",
                            "(select u.username from users u where u.id = task.\"user\")"};
constexpr api::Rule not_technician{"not_technician", 403, "it.technician <> me.id and not may(maintenance.edit_all)",
                                   "Only its technician and holders of maintenance.edit_all can change this record."};

constexpr api::Endpoint<api::None, api::Page<Maintenance>> list{{
    .route = "GET /api/v1/maintenance",
    .also = {"GET /api/maintenance"},
    .summary = "List the maintenance records.",
    .permissions = {api::caller},
    .object = maintenance,
    .filters = {"task", "equipment", "technician", "performed_at", "search"},
    .ordering = {"id", "performed_at"},
}};

// completes the order, gives it to the technician and moves its schedule on: sql/functions/work_orders.sql
constexpr api::Endpoint<Maintenance, Maintenance> create{{
    .route = "POST /api/v1/maintenance",
    .also = {"POST /api/maintenance"},
    .summary = "Record what was done; the work order is complete with it.",
    .permissions = {"maintenance.create"},
    .object = maintenance,
    .of = tasks,
    .fills = {{"equipment", "task.equipment"},
              {"technician", "me.id"},
              {"performed_at", "coalesce(given.performed_at, now())"}},
    .rules = {no_order, in_future, order_done, cancelled, claimed},
}};

constexpr api::Endpoint<api::None, Maintenance> show{{
    .route = "GET /api/v1/maintenance/{maintenance_id}",
    .also = {"GET /api/maintenance/{maintenance_id}"},
    .summary = "Show one maintenance record.",
    .permissions = {api::caller},
    .object = maintenance,
}};

constexpr api::Endpoint<Maintenance, Maintenance> change{{
    .route = "PUT PATCH /api/v1/maintenance/{maintenance_id}",
    .also = {"PUT PATCH /api/maintenance/{maintenance_id}"},
    .summary = "Change a maintenance record; its work order stays the same.",
    .permissions = {api::caller},
    .object = maintenance,
    .rules = {not_technician, other_order, in_future},
}};

constexpr api::Endpoint<api::None, api::None> delete_record{{
    .route = "DELETE /api/v1/maintenance/{maintenance_id}",
    .also = {"DELETE /api/maintenance/{maintenance_id}"},
    .summary = "Delete a maintenance record; its work order is open again.",
    .permissions = {api::caller},
    .object = maintenance,
    .rules = {not_technician},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_record); }
