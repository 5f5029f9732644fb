// A task: what to do, who does it and when it is due. With an item of equipment it is a work order.
#pragma once
#include "objects/equipment.hpp"
#include "objects/user.hpp"

inline constexpr api::Resource tasks{
    .name = "task",
    .table = "tasks",
    .path = "/api/v1/tasks",
    // A list reads one branch for each condition, in this order; each excludes the rows of the ones before it. Work
    // orders, the longest branch, come before the conditions on other columns, so that an index alone counts them.
    .visible = {"has_permission(tasks.view_all)", "it.equipment is not null", "it.author = me.id",
                "it.\"user\" = me.id and it.author <> it.\"user\""},
    .searched = {.columns = {"title", "description"}, .texts = "tasks_texts", .public_by = {"equipment"}},
};

/// The tasks that are assigned to the caller.
inline constexpr api::Resource own_tasks{
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

/// Who may change a visible task. A technician whose claim on it has expired may not.
inline constexpr api::Rule not_yours{
    .code = "not_yours",
    .status = 403,
    .when = R"(it.author <> me.id and not has_permission(tasks.edit_all)
     and (it."user" <> me.id or it.equipment is not null and is_open(it.status)
                                and coalesce(it.claimed_until, '-infinity') <= now()))",
    .detail =
        "Only the author of this task, its user, and users with the permission tasks.edit_all can change it. "
        "The user of an open work order must first claim it.",
};
