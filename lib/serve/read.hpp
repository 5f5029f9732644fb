// The second stage of a request: everything that the client sent, read and checked before the database is asked.
#pragma once
#include "serve/compiled_endpoint.hpp"
#include "sql/page_request.hpp"

namespace api {

/// What was read of a request.
struct Input {
    /// What it is refused for. It is kept and not thrown, because 401 and 403 come first.
    std::optional<Problem> fault;
    json::object fields;  ///< of the body; those of an upload are read later
    PathParameters path;  ///< ids in one spelling: 013 is 13
    bool wants_csv = false;
    std::optional<PageRequest> page = {};      ///< of a list
    std::optional<std::string> if_match = {};  ///< the versions, as an array of PostgreSQL
    std::optional<std::string> idempotency_key = {};
    std::string user_agent = {};
};

/// Reads a request. Keeps the first fault of the client in Input::fault: 406, headers, 413, 415, 400 of the body and of
/// an unknown query parameter, 404 of the path; of a list 400 of the query last. Throws only what is a fault of the
/// server.
Input read(Request& request, const CompiledEndpoint& endpoint, const PathParameters& path);

/// The types that an answer can have, as a sentence says them.
std::string_view types_of(const Operation& operation);

}  // namespace api
