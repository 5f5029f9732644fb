// What a handler says of itself, for the build: --describe and --sql.
#pragma once
#include <string>

#include "serve/handler.hpp"

namespace api {

/// Routes, permissions, schemas, refusals and statements as JSON.
std::string describe(const Handler& handler);

/// The statements of every endpoint as SQL that can be read: of a list the plain page, and one with its first filter
/// and a cursor.
std::string readable_sql(const Handler& handler);

}  // namespace api
