// The audit trail: who changed what, when and from where, with old and new values. Only a trigger writes it.
#pragma once
#include "schema/endpoint.hpp"

inline constexpr api::Resource audit_trail{
    .name = "audit",
    .table = "audit",
    .path = "/api/v1/audit",
    .visible = {"true"},
    .computed = {{"username", "(select u.username from users u where u.id = it.user_id)"},
                 {"old_values", "it.old"},
                 {"new_values", "it.new"}},
};

/// user_id is null for a registration, and for a change by the command `fettle`; ip then names the command.
struct AuditEntry {
    api::Id id;
    api::Time at;
    std::optional<api::Id> user_id;
    std::optional<api::Username> username;
    std::optional<api::Id> session_id;
    std::optional<api::Text<>> ip;
    api::Code operation;
    api::Code table_name;
    api::Id row_id;
    std::optional<api::Json> old_values;
    std::optional<api::Json> new_values;
};
BOOST_DESCRIBE_STRUCT(AuditEntry, (),
                      (id, at, user_id, username, session_id, ip, operation, table_name, row_id, old_values,
                       new_values))

/// The entries of tasks, without session_id, ip, table_name and row_id.
inline constexpr api::Resource task_changes{
    .name = "change",
    .table = "audit",
    .path = "/api/v1/tasks",
    .visible = {"it.table_name = 'tasks'"},
    .computed = audit_trail.computed,
};

struct TaskChange {
    api::Id id;
    api::Time at;
    std::optional<api::Id> user_id;
    std::optional<api::Username> username;
    api::Code operation;
    std::optional<api::Json> old_values;
    std::optional<api::Json> new_values;
};
BOOST_DESCRIBE_STRUCT(TaskChange, (), (id, at, user_id, username, operation, old_values, new_values))
