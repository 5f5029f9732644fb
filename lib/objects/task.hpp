// A task: what is to be done, for whom and until when. With an item of equipment it is a work order.
#pragma once
#include "objects/equipment.hpp"
#include "objects/user.hpp"

inline constexpr api::Object tasks{
    .name = "task",
    .table = "tasks",
    .path = "/api/v1/tasks",
    // the branches of a list in this order: the long one of work orders is counted in an index, because it excludes
    // nothing
    .visible = {"may(tasks.view_all)", "it.equipment is not null", "it.author = me.id",
                "it.\"user\" = me.id and it.author <> it.\"user\""},
    .searched = "it.title || ' ' || coalesce(it.description, '')",
};

/// The same for lists of what belongs to the caller.
inline constexpr api::Object own_tasks{
    .name = "task",
    .table = "tasks",
    .path = "/api/v1/tasks",
    .visible = {"it.\"user\" = me.id"},
    .searched = tasks.searched,
};

enum class Priority { Low, Medium, High, Critical };
BOOST_DESCRIBE_ENUM(Priority, Low, Medium, High, Critical)

enum class TaskStatus { Pending, In_Progress, Complete, Cancelled };
BOOST_DESCRIBE_ENUM(TaskStatus, Pending, In_Progress, Complete, Cancelled)

template <>
inline constexpr std::array api::aliases<TaskStatus>{
    std::pair<std::string_view, std::string_view>{"Incomplete", "Pending"},
    std::pair<std::string_view, std::string_view>{"Completed", "Complete"}};
template <>
inline constexpr std::array api::groups<TaskStatus>{
    std::pair<std::string_view, std::string_view>{"Incomplete", "Pending,In Progress"}};

struct Task {
    api::ReadOnly<api::Id> id;
    api::Text<1, 200> title;
    std::optional<api::Text<>> description;
    std::optional<api::Date> due_date;
    Priority priority_level = Priority::Medium;
    api::ReadOnly<TaskStatus> status;
    api::ReadOnly<std::optional<api::Time>> completed_at;
    api::ReadOnly<api::Id> author;
    api::Filled<api::Reference<::users>> user;
    std::optional<api::Reference<::equipment>> equipment;
    api::ReadOnly<std::optional<api::Id>> schedule;
    api::ReadOnly<std::optional<api::Time>> claimed_until;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (id, title, description, due_date, priority_level, status, completed_at, author, user, equipment,
                       schedule, claimed_until, created_at, updated_at, version))

/// A work order is held until its claimed_until, and open while that is null or past. Until 9999-12-31T23:59:59Z is
/// without end: a new order is that, where it was made for somebody else.
inline constexpr std::string_view claim_of_new_order =
    R"(case when given.equipment is not null and given."user" <> me.id then '9999-12-31 23:59:59Z'::timestamptz end)";
/// Given to somebody else, by who may do that, it is theirs for good; given to oneself it is open. A `user` that is
/// repeated changes nothing while the claim lasts, nor on an order that is its author's.
inline constexpr std::string_view claim_of_changed_order = R"(
        case when given.equipment is null or it.status in ('Complete', 'Cancelled') then null
             when it.equipment is not null and given."user" = it."user"
                  and (:user::bigint is null or it.claimed_until > now() or it."user" in (it.author, me.id)
                       or not may(tasks.assign))
             then it.claimed_until
             when given."user" <> me.id and may(tasks.assign) then '9999-12-31 23:59:59Z' end)";

/// Who may change a task that they see.
inline constexpr api::Rule not_yours{"not_yours", 403,
                                     // whose claim on an order is over has given it back
                                     R"(it.author <> me.id and not may(tasks.edit_all)
                 and (it."user" <> me.id or it.equipment is not null and it.status in ('Pending', 'In Progress')
                                            and coalesce(it.claimed_until, '-infinity') <= now()))",
                                     "Only its author, its user and holders of tasks.edit_all can change this task."};

/// A retired item takes no new orders (sql/functions/work_orders.sql).
inline constexpr api::Rule equipment_retired{"equipment_retired", 409, "",
                                             "This item is retired and takes no new work orders."};
