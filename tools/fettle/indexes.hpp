// Finds indexes that an interrupted `create index concurrently` has left behind.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "sql/database.hpp"

namespace tool {

/// The invalid indexes: each costs every write and serves no statement. The name, and the statement that drops it.
std::vector<std::pair<std::string, std::string>> invalid_indexes(api::Database& database);

}  // namespace tool
