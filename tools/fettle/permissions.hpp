// The permissions of this release and the built-in roles, as the database stores them.
#pragma once
#include <set>
#include <string>

#include "sql/database.hpp"

namespace tool {

/// Makes the stored permissions those of this release, and creates the built-in roles that are missing.
void store_permissions(api::Database& database);

/// The built-in roles, the permissions, and which role has which permission: one line each, to be compared.
std::set<std::string> permission_lines(api::Database& database);

}  // namespace tool
