// Claims: a work order goes to exactly one technician, until it is released, completed or its time is over.
#include "api.hpp"
#include "objects/task.hpp"
#include "base/settings.hpp"

namespace {

constexpr api::Rule no_order{"not_a_work_order", 409, "it.equipment is null", "This task is no work order."};
constexpr api::Rule order_done{"order_done", 409, "it.status = 'Complete'", "{} has completed this work order.", "",
                               // a record of this very moment is not seen yet: then the order is its technician's
                               R"((select u.username from users u where u.id = coalesce(
                                     (select m.technician from maintenance m where m.task = it.id), it."user")))"};
constexpr api::Rule cancelled{"order_cancelled", 409, "it.status = 'Cancelled'", "This work order was cancelled."};
constexpr api::Rule claimed{"claimed",
                            409,
                            "it.claimed_until > now() and it.\"user\" <> me.id",
                            "{} holds this work order.",
                            "",
                            "(select u.username from users u where u.id = it.\"user\")"};
constexpr api::Rule not_holder{"not_holder", 403,
                               "it.\"user\" <> me.id and it.claimed_until is not null and not may(tasks.edit_all)",
                               "Only its holder and holders of tasks.edit_all release a work order."};

/// The open order that is most urgent, then due first; one that somebody else is just claiming is not waited for.
constexpr std::string_view next_order = R"(it.id = (
        select next.id from tasks next
         where next.equipment is not null and next.status in ('Pending', 'In Progress')
           and coalesce(next.claimed_until, '-infinity') < '9999-12-31'
           and coalesce(next.claimed_until, '-infinity') <= now()
         order by (case next.priority_level when 'Critical' then 1 when 'High' then 2 when 'Medium' then 3 else 4 end),
                  coalesce(next.due_date, 'infinity'), next.id
         limit 1 for update skip locked))";

/// A claim lasts as long as the setting says, and never ends earlier than before.
constexpr std::string_view take = R"(answer as (
        update tasks it
           set "user"        = me.id,
               claimed_until = greatest(now() + :hours * interval '1 hour',
                                        case when it."user" = me.id then it.claimed_until end)
          from granted cross join me
         where it.id = granted.id
        returning it.*
    ))";

api::Reply claim_for_hours(api::Exchange& exchange) {
    exchange.parameters["hours"] = std::to_string(api::settings().claim_hours);
    return exchange.answer();
}

constexpr api::Endpoint<api::None, Task> claim{{
    .route = "POST /api/v1/tasks/{task_id}/claim",
    .summary = "Claim a work order, or renew one's claim.",
    .permissions = {"maintenance.create"},
    .object = tasks,
    .rules = {no_order, order_done, cancelled, claimed},
    .sql = take,
    .with = {"hours"},
    .run = claim_for_hours,
}};

constexpr api::Endpoint<api::None, Task> claim_next{{
    .route = "POST /api/v1/tasks/claim_next",
    .summary = "Claim the open work order that is most urgent and due first.",
    .permissions = {"maintenance.create"},
    .object = tasks,
    .row = next_order,
    .rules = {{"no_work_order", 404, "", "No work order is open."}},
    .sql = take,
    .with = {"hours"},
    .run = claim_for_hours,
    .status = 200,
}};

constexpr api::Endpoint<api::None, api::None> release{{
    .route = "DELETE /api/v1/tasks/{task_id}/claim",
    .summary = "Release a work order: it is open again, and belongs to its author.",
    .permissions = {"maintenance.create"},
    .object = tasks,
    .rules = {not_holder, no_order, order_done, cancelled},
    .sql = R"(answer as (
        update tasks it
           set "user"        = case when it.claimed_until is null then it."user" else it.author end,
               claimed_until = null
          from granted
         where it.id = granted.id
        returning it.*
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, claim, claim_next, release); }
