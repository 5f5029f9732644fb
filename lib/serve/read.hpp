// The second stage of a request: reads and checks everything that the client sent, before the database is queried.
#pragma once
#include "serve/compiled_endpoint.hpp"
#include "sql/page_request.hpp"

namespace api {

/// The data that were read from a request.
struct Input {
    /// The first error of the client. It is kept and not thrown at once, because 401 and 403 have precedence.
    std::optional<Problem> fault;
    json::object fields;  ///< the fields of the body; those of an upload are read later
    PathParameters path;  ///< ids are normalised: 013 becomes 13
    bool wants_csv = false;
    std::optional<PageRequest> page = {};      ///< only for a list
    std::optional<std::string> if_match = {};  ///< the versions, as a PostgreSQL array
    std::optional<std::string> idempotency_key = {};
    std::string user_agent = {};
};

/// Reads a request. Keeps the client's first error in Input::fault, in this order: 406, headers, 413, 415, 400 for the
/// body and unknown query parameters, 404 for the path, and for a list 400 for the query. Throws only errors of the
/// server.
Input read(Request& request, const CompiledEndpoint& endpoint, const PathParameters& path);

/// The types that an answer can have, in the form that a sentence needs.
std::string_view types_of(const Operation& operation);

}  // namespace api
