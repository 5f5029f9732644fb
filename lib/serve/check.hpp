// Checks whether a handler matches the database schema and the keys, for --check and for GET /_check.
#pragma once
#include "serve/handler.hpp"

namespace api {

/// False if no endpoint sends statements to the database.
bool uses_database(const Handler& handler);
/// Plans every statement on the real schema, with the role of the connection, and reads the keys. Returns the errors,
/// one line each. Changes nothing, but creates keys if they are missing.
std::vector<std::string> check(const Handler& handler, Database& database);
/// The result as a reply: 200, or 503 with the errors.
Reply check_reply(const Handler& handler, Database& database);

}  // namespace api
