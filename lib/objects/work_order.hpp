// Work orders: tasks for an item of equipment. One technician at a time holds one; a maintenance record completes it.
#pragma once
#include "objects/task.hpp"

/// The claimed_until of a new work order: without_end() if it is created for another user, else null. A work order is
/// claimed until its claimed_until; it is not claimed if that is null or in the past.
inline constexpr std::string_view claim_of_new_order =
    R"(case when input.equipment is not null and input."user" <> me.id then without_end() end)";

/// claimed_until after a change:
/// - null if the task is not an open work order;
/// - unchanged if the user stays the same, except if a caller with tasks.assign assigns the order again to a third user
///   whose claim has expired;
/// - without_end() if a caller with tasks.assign assigns it to another user;
/// - otherwise null: not claimed.
inline constexpr std::string_view claim_of_changed_order = R"(
case when input.equipment is null or not is_open(it.status) then null
     when it.equipment is not null and input."user" = it."user"
          and (:body.user is null or it.claimed_until > now() or it."user" in (it.author, me.id)
               or not has_permission(tasks.assign))
     then it.claimed_until
     when input."user" <> me.id and has_permission(tasks.assign) then without_end() end)";

/// If the record was committed just now, this statement's snapshot does not have it; but then the work order's user is
/// its technician.
inline constexpr api::Rule order_done{
    .code = "order_done",
    .status = 409,
    .when = "it.status = 'Complete'",
    .detail = "{} has already completed this work order.",
    .name = R"((select u.username from users u
  where u.id = coalesce((select m.technician from maintenance m where m.task = it.id), it."user")))",
};
inline constexpr api::Rule order_cancelled{
    .code = "order_cancelled",
    .status = 409,
    .when = "it.status = 'Cancelled'",
    .detail = "This work order is cancelled.",
};
inline constexpr api::Rule order_claimed{
    .code = "claimed",
    .status = 409,
    .when = "it.claimed_until > now() and it.\"user\" <> me.id",
    .detail = "{} has claimed this work order.",
    .name = "(select u.username from users u where u.id = it.\"user\")",
};

inline constexpr api::Rule done_order_keeps_its_item{
    .code = "task_complete",
    .status = 409,
    .when = R"(it.status = 'Complete' and (input.equipment is distinct from it.equipment
                     or it.equipment is not null and input."user" <> it."user"))",
    .detail = "The equipment of a completed task and the user of a completed work order cannot be changed.",
};
inline constexpr api::Rule scheduled_order_keeps_its_item{
    .code = "scheduled_order",
    .status = 409,
    .when = "it.schedule is not null and input.equipment is distinct from it.equipment",
    .detail = "The equipment of a work order that a schedule has created cannot be changed.",
};
inline constexpr api::Rule order_has_record{
    .code = "order_has_record",
    .status = 409,
    .when = "exists (select from maintenance m where m.task = it.id)",
    .detail = "A work order with a maintenance record cannot be deleted: the record is part of its item's history.",
};

/// A trigger refuses new orders for a retired item (sql/functions/work_orders.sql).
inline constexpr api::Rule equipment_retired =
    api::constraint("equipment_retired", "This equipment is retired and takes no new work orders.");
