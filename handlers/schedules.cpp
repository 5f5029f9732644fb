// Schedules of preventive maintenance: by days or by hours of use, whichever comes first. `fettle schedules run`
// creates their work orders.
#include "api.hpp"
#include "objects/maintenance.hpp"

namespace {

constexpr api::Rule no_interval{
    .code = "no_interval",
    .status = 400,
    .when = "input.every_days is null and input.every_hours is null",
    .detail = "Set every_days, every_hours or both.",
    .field = "every_days",
};
constexpr api::Rule no_days{
    .code = "no_days",
    .status = 400,
    .when = "input.every_days is null and :body.next_due_on is not null",
    .detail = "next_due_on requires every_days.",
    .field = "next_due_on",
};
constexpr api::Rule no_hours{
    .code = "no_hours",
    .status = 400,
    .when = "input.every_hours is null and :body.next_due_hours is not null",
    .detail = "next_due_hours requires every_hours.",
    .field = "next_due_hours",
};
constexpr api::Rule long_lead{
    .code = "long_lead",
    .status = 400,
    .when = "input.lead_days >= input.every_days",
    .detail = "Must be less than every_days.",
    .field = "lead_days",
};

/// The defaults: every_days after today, and every_hours after the latest meter reading.
constexpr api::ServerSet due_on{"next_due_on", R"(
        case when input.every_days is not null then coalesce(input.next_due_on, current_date + input.every_days) end)"};
constexpr api::ServerSet due_hours{"next_due_hours", R"(
        case when input.every_hours is not null
             then coalesce(input.next_due_hours, least(9999999999.99, input.every_hours + coalesce(
                      (select e.usage_hours from equipment e where e.id = input.equipment), 0))) end)"};

constexpr api::Endpoint<api::None, api::Page<Schedule>> list{{
    .route = "GET /api/v1/schedules",
    .summary = "List schedules.",
    .permissions = {"schedules.edit"},
    .resource = schedules,
    .filters = {"equipment", "title", "priority_level", "next_due_on", "is_active", "search"},
    .ordering = {"id", "title", "next_due_on"},
}};

constexpr api::Endpoint<Schedule, Schedule> create{{
    .route = "POST /api/v1/schedules",
    .summary = "Create a schedule. By default it is first due `every_days` after today "
               "or `every_hours` after the latest meter reading.",
    .permissions = {"schedules.edit"},
    .resource = schedules,
    .server_set = {{"author", "me.id"}, due_on, due_hours},
    .rules = {no_interval, no_days, no_hours, long_lead},
}};

constexpr api::Endpoint<api::None, Schedule> show{{
    .route = "GET /api/v1/schedules/{schedule_id}",
    .summary = "Show one schedule.",
    .permissions = {"schedules.edit"},
    .resource = schedules,
}};

constexpr api::Endpoint<Schedule, Schedule> change{{
    .route = "PUT PATCH /api/v1/schedules/{schedule_id}",
    .summary = "Change a schedule.",
    .permissions = {"schedules.edit"},
    .resource = schedules,
    .server_set = {due_on, due_hours},
    .rules = {no_interval, no_days, no_hours, long_lead},
}};

constexpr api::Endpoint<api::None, api::None> delete_schedule{{
    .route = "DELETE /api/v1/schedules/{schedule_id}",
    .summary = "Delete a schedule. The work orders that it has created are kept.",
    .permissions = {"schedules.edit"},
    .resource = schedules,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_schedule); }
