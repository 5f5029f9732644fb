// The audit trail: who changed what, when, from where, with the old and the new values. Written by a trigger alone.
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

/// Null as user: there was no login (a registration), or the command `fettle`, which ip then names.
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

/// The entries about tasks, without session, address, table and row id.
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
