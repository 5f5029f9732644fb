// The privileges of the handlers' roles in the database, compared with sql/grants.sql.
#pragma once
#include <string>
#include <vector>

#include "sql/database.hpp"

namespace tool {

/// Gives the roles of handlers the privileges in sql/grants.sql; with `revokes` also takes away all others. Prints to
/// standard output which roles do not exist, and which are not of a handler of this release. Throws UserError where the
/// file cannot be parsed.
void apply_grants(api::Database& database, bool revokes);

/// What is wrong with the grants, as one sentence. Empty where each of these handlers has its role, and each role has
/// exactly its privileges.
std::string check_grants(api::Database& database, const std::vector<std::string>& handlers);

}  // namespace tool
