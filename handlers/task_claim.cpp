// Claims: one technician holds a work order until it is released or completed, or the claim expires.
#include "api.hpp"
#include "base/settings.hpp"
#include "objects/work_order.hpp"

namespace {

constexpr api::Rule not_a_work_order{
    .code = "not_a_work_order",
    .status = 409,
    .when = "it.equipment is null",
    .detail = "This task is not a work order: it has no equipment.",
};
constexpr api::Rule not_holder{
    .code = "not_holder",
    .status = 403,
    .when = R"(it."user" <> me.id and it.claimed_until is not null and not has_permission(tasks.edit_all))",
    .detail = "Only the user who holds this work order and users with the permission tasks.edit_all can release it.",
};

/// The most urgent open order that is not claimed; among equally urgent ones, the one due first. An order that another
/// technician is claiming right now is skipped.
constexpr std::string_view next_order = R"(it.id = (
    select next.id from tasks next
     where next.equipment is not null and is_open(next.status)
       and coalesce(next.claimed_until, '-infinity') < '9999-12-31'
       and coalesce(next.claimed_until, '-infinity') <= now()
     order by urgency(next.priority_level), coalesce(next.due_date, 'infinity'), next.id
     limit 1 for update skip locked))";

/// A claim lasts for the hours of FETTLE_CLAIM_HOURS. Renewing a claim never shortens it.
constexpr std::string_view take = R"(answer as (
        update tasks it
           set "user"        = me.id,
               claimed_until = greatest(now() + :extra.hours * interval '1 hour',
                                        case when it."user" = me.id then it.claimed_until end)
          from authorized cross join me
         where it.id = authorized.id
        returning it.*
    ))";

api::Reply claim_for_hours(api::RequestContext& context) {
    context.bind("hours", std::to_string(api::settings().claim_hours));
    return context.answer();
}

constexpr api::Endpoint<api::None, Task> claim{{
    .route = "POST /api/v1/tasks/{task_id}/claim",
    .summary = "Claim a work order, or renew your claim. The claim expires at `claimed_until`.",
    .permissions = {"maintenance.create"},
    .resource = tasks,
    .rules = {not_a_work_order, order_done, order_cancelled, order_claimed},
    .sql = take,
    .extra_params = {{"hours", "integer"}},
    .run = claim_for_hours,
}};

constexpr api::Endpoint<api::None, Task> claim_next{{
    .route = "POST /api/v1/tasks/claim_next",
    .summary = "Claim the most urgent open work order that is not claimed. "
               "Among equally urgent ones, it is the one due first.",
    .permissions = {"maintenance.create"},
    .resource = tasks,
    .row = next_order,
    .rules = {api::absent("no_work_order", "There is no open work order that is not claimed.")},
    .sql = take,
    .extra_params = {{"hours", "integer"}},
    .run = claim_for_hours,
    .status = 200,
}};

constexpr api::Endpoint<api::None, api::None> release{{
    .route = "DELETE /api/v1/tasks/{task_id}/claim",
    .summary = "Release a work order. It can be claimed again, and its author becomes its `user`.",
    .permissions = {"maintenance.create"},
    .resource = tasks,
    .rules = {not_holder, not_a_work_order, order_done, order_cancelled},
    .sql = R"(answer as (
        update tasks it
           set "user"        = case when it.claimed_until is null then it."user" else it.author end,
               claimed_until = null
          from authorized
         where it.id = authorized.id
        returning it.*
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, claim, claim_next, release); }
