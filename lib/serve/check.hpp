// Whether a handler fits the machine that it is on: the same for --check and for GET /_check.
#pragma once
#include "serve/handler.hpp"

namespace api {

/// False where no endpoint ever asks the database.
bool uses_database(const Handler& handler);
/// What does not fit, one line each: every statement is planned on the real schema, as the role of the connection, and
/// the keys are read. Nothing is changed, but for keys that do not exist yet.
std::vector<std::string> check(const Handler& handler, Database& database);
/// The same as an answer: 200, or 503 with what does not fit.
Reply check_reply(const Handler& handler, Database& database);

}  // namespace api
