// Compares the privileges of the handlers' roles in the database with sql/grants.sql, and corrects them.
#pragma once
#include <string>
#include <vector>

#include "sql/database.hpp"

namespace tool {

/// Grants the roles of handlers the privileges in sql/grants.sql; with `revokes`, also revokes all others. Prints to
/// standard output which roles do not exist, and which belong to no handler of this release. Throws UserError if the
/// file cannot be parsed.
void apply_grants(api::Database& database, bool revokes);

/// What is wrong with the grants, as one sentence. Empty if each of these handlers has its role, and each role has
/// exactly its privileges.
std::string check_grants(api::Database& database, const std::vector<std::string>& handlers);

}  // namespace tool
