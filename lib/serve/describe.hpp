// The description of a handler: --describe for the build, --sql for readers.
#pragma once
#include <string>

#include "serve/handler.hpp"

namespace api {

/// Routes, permissions, schemas, refusals and statements as JSON.
std::string describe(const Handler& handler);

/// The statements of every endpoint as readable SQL. For a list, these are the plain page, and a page with the list's
/// first filter and a cursor.
std::string readable_sql(const Handler& handler);

}  // namespace api
