// How commands use the database: connections as the right user, audited transactions, and scripts.
#pragma once
#include <filesystem>
#include <string>

#include "sql/database.hpp"

namespace tool {

/// Opens the connection. If PostgreSQL refuses root, tries again as the system user that PGUSER names (peer
/// authentication); the process then keeps that effective user. Throws api::ConnectionLost if both fail.
void connect(api::Database& database);

/// Begins a transaction. Its rows in the audit trail name the command and the user who runs it.
void begin_audited(api::Database& database, const std::string& command);

/// Runs a file of SQL. Throws UserError with the message of PostgreSQL if it fails.
void run_script(api::Database& database, const std::filesystem::path& path);

}  // namespace tool
