// Work orders: tasks for an item of equipment, which one technician holds at a time and a maintenance record completes.
#pragma once
#include "objects/task.hpp"

/// A work order is held until its claimed_until, and open while that is null or past. Without end is the moment of
/// without_end(): a new order has that where it was made for another person.
inline constexpr std::string_view claim_of_new_order =
    R"(case when input.equipment is not null and input."user" <> me.id then without_end() end)";

/// An order that a holder of tasks.assign gives to another person is theirs without end; given to oneself it is open. A
/// `user` that is repeated changes nothing while the claim lasts, nor on an order that is its author's.
inline constexpr std::string_view claim_of_changed_order = R"(
case when input.equipment is null or not is_open(it.status) then null
     when it.equipment is not null and input."user" = it."user"
          and (:body.user is null or it.claimed_until > now() or it."user" in (it.author, me.id)
               or not has_permission(tasks.assign))
     then it.claimed_until
     when input."user" <> me.id and has_permission(tasks.assign) then without_end() end)";

/// A record of this very moment is not visible yet: then the order is its technician's.
inline constexpr api::Rule order_done{
    .code = "order_done",
    .status = 409,
    .when = "it.status = 'Complete'",
    .detail = "{} has completed this work order.",
    .name = R"((select u.username from users u
  where u.id = coalesce((select m.technician from maintenance m where m.task = it.id), it."user")))",
};
inline constexpr api::Rule order_cancelled{
    .code = "order_cancelled",
    .status = 409,
    .when = "it.status = 'Cancelled'",
    .detail = "This work order was cancelled.",
};
inline constexpr api::Rule order_claimed{
    .code = "claimed",
    .status = 409,
    .when = "it.claimed_until > now() and it.\"user\" <> me.id",
    .detail = "{} holds this work order.",
    .name = "(select u.username from users u where u.id = it.\"user\")",
};

inline constexpr api::Rule done_order_keeps_its_item{
    .code = "task_complete",
    .status = 409,
    .when = R"(it.status = 'Complete' and (input.equipment is distinct from it.equipment
                     or it.equipment is not null and input."user" <> it."user"))",
    .detail = "A completed task keeps its equipment, and a completed work order its technician.",
};
inline constexpr api::Rule scheduled_order_keeps_its_item{
    .code = "scheduled_order",
    .status = 409,
    .when = "it.schedule is not null and input.equipment is distinct from it.equipment",
    .detail = "A work order of a schedule keeps its equipment.",
};
inline constexpr api::Rule order_has_record{
    .code = "order_has_record",
    .status = 409,
    .when = "exists (select from maintenance m where m.task = it.id)",
    .detail = "A work order with a maintenance record stays: the record is the history of its item.",
};

/// A retired item takes no new orders (sql/functions/work_orders.sql).
inline constexpr api::Rule equipment_retired =
    api::constraint("equipment_retired", "This item is retired and takes no new work orders.");
