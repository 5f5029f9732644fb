// Schedules of preventive maintenance: by days, by hours of use, whichever comes first. `fettle schedules run` makes
// their work orders.
#include "api.hpp"
#include "objects/maintenance.hpp"

namespace {

constexpr api::Rule no_interval{"no_interval", 400, "given.every_days is null and given.every_hours is null",
                                "Set every_days, every_hours or both.", "every_days"};
constexpr api::Rule no_days{"no_days", 400, "given.every_days is null and :next_due_on::date is not null",
                            "Only a schedule with every_days is due on a day.", "next_due_on"};
constexpr api::Rule no_hours{"no_hours", 400, "given.every_hours is null and :next_due_hours::numeric is not null",
                             "Only a schedule with every_hours is due after hours.", "next_due_hours"};
constexpr api::Rule long_lead{"long_lead", 400, "given.lead_days >= given.every_days",
                              "The lead must be shorter than every_days.", "lead_days"};

/// What is not given: counted from today, and from what the meter shows.
constexpr api::Fill due_on{"next_due_on", R"(
        case when given.every_days is not null then coalesce(given.next_due_on, current_date + given.every_days) end)"};
constexpr api::Fill due_hours{"next_due_hours", R"(
        case when given.every_hours is not null
             then coalesce(given.next_due_hours, least(9999999999.99, given.every_hours + coalesce(
                      (select e.usage_hours from equipment e where e.id = given.equipment), 0))) end)"};

constexpr api::Endpoint<api::None, api::Page<Schedule>> list{{
    .route = "GET /api/v1/schedules",
    .summary = "List the schedules.",
    .permissions = {"schedules.edit"},
    .object = schedules,
    .filters = {"equipment", "title", "priority_level", "next_due_on", "is_active", "search"},
    .ordering = {"id", "title", "next_due_on"},
}};

constexpr api::Endpoint<Schedule, Schedule> create{{
    .route = "POST /api/v1/schedules",
    .summary = "Create a schedule; it is due every_days from today, or every_hours from what the meter shows.",
    .permissions = {"schedules.edit"},
    .object = schedules,
    .fills = {{"author", "me.id"}, due_on, due_hours},
    .rules = {no_interval, no_days, no_hours, long_lead},
}};

constexpr api::Endpoint<api::None, Schedule> show{{
    .route = "GET /api/v1/schedules/{schedule_id}",
    .summary = "Show one schedule.",
    .permissions = {"schedules.edit"},
    .object = schedules,
}};

constexpr api::Endpoint<Schedule, Schedule> change{{
    .route = "PUT PATCH /api/v1/schedules/{schedule_id}",
    .summary = "Change a schedule.",
    .permissions = {"schedules.edit"},
    .object = schedules,
    .fills = {due_on, due_hours},
    .rules = {no_interval, no_days, no_hours, long_lead},
}};

constexpr api::Endpoint<api::None, api::None> delete_schedule{{
    .route = "DELETE /api/v1/schedules/{schedule_id}",
    .summary = "Delete a schedule; the work orders that it has made stay.",
    .permissions = {"schedules.edit"},
    .object = schedules,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_schedule); }
