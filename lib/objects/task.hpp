// A task: what is to be done, for whom and until when. With an item of equipment it is a work order.
#pragma once
#include "objects/user.hpp"

inline constexpr api::Object equipment{
    .name = "equipment",
    .table = "equipment",
    .path = "/api/v1/equipment",
    .visible = {"true"},
};

inline constexpr api::Object tasks{
    .name = "task",
    .table = "tasks",
    .path = "/api/v1/tasks",
    .visible = {"may(tasks.view_all)", "it.author = me.id", "it.\"user\" = me.id and it.author <> it.\"user\"",
                "it.equipment is not null"},
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
    api::ReadOnly<std::optional<api::Time>> claimed_until;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (id, title, description, due_date, priority_level, status, completed_at, author, user, equipment,
                       claimed_until, created_at, updated_at, version))

/// Who may change a task that they see.
inline constexpr api::Rule not_yours{"not_yours", 403,
                                     "it.author <> me.id and it.\"user\" <> me.id and not may(tasks.edit_all)",
                                     "Only its author, its user and holders of tasks.edit_all can change this task."};
