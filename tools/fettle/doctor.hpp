// The checks of fettle doctor. Each adds its findings to the report; an exception is reported as a failure.
#pragma once
#include <cstddef>

#include "report.hpp"
#include "sql/database.hpp"

namespace tool {

/// Seconds that the clocks of two machines may differ before it is an error: nothing that was signed or stored just
/// now may be in the future.
constexpr int clock_tolerance = 30;

// doctor_machine.cpp
void check_settings(Report& report);
void check_keys(Report& report);
void check_storage(Report& report);
void check_disks(Report& report);
void check_time(Report& report);

// doctor_handlers.cpp
/// Checks the sockets, and asks each handler for its health. Returns the number of handlers that use the database.
std::size_t check_handlers(Report& report);
void check_nginx(Report& report);

// doctor_database.cpp
void check_server(Report& report, api::Database& database);
void check_migrations(Report& report, api::Database& database);
void check_indexes(Report& report, api::Database& database);
void check_clock(Report& report, api::Database& database);
void check_permissions(Report& report, api::Database& database);
void check_role_grants(Report& report, api::Database& database);
void check_superusers(Report& report, api::Database& database);
/// `handlers` is the number of handlers that use the database.
void check_connections(Report& report, api::Database& database, std::size_t handlers);
void check_audit(Report& report, api::Database& database);

}  // namespace tool
