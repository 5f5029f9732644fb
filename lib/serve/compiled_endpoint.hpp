// An endpoint with all that follows from it, made once when the program starts.
#pragma once
#include "files/upload.hpp"
#include "sql/statement.hpp"

namespace api {

/// The operation of an endpoint, its routes and its statements. It is not moved once requests are served.
struct CompiledEndpoint {
    Operation operation;
    /// Of an upload: read_upload(). A pointer, so that what it needs is linked to handlers of uploads alone.
    decltype(&read_upload) receive = nullptr;
    std::vector<Route> routes = {};  ///< .route, then those of .also
    Statement statement = {};  ///< empty for a list, whose statement depends on the query, and where code alone answers
    Statement caller_statement = {};      ///< empty where no caller is required
    Statement key_statement = {};         ///< of a POST that takes an Idempotency-Key
    Statement lock_statement = {};        ///< runs before the statement; empty where there is none
    std::vector<Statement> queries = {};  ///< in the order of .queries

    /// Whether it serves this method on this path; then parameters are those of the path. A literal path is not taken
    /// for a parameter of another route.
    bool serves(std::string_view method, std::string_view path, bool is_literal, PathParameters& parameters) const;
    /// Every statement that it may send, for --describe and --check. Those of a list are the plain page, a
    /// page after a cursor in every order, and one with all filters.
    std::vector<Statement> all_statements() const;
};

/// Makes the statements of an operation.
CompiledEndpoint compiled(Operation operation, decltype(&read_upload) receive = nullptr);

/// The same of an endpoint as it is declared.
template <class In, class Out>
CompiledEndpoint compiled(const Endpoint<In, Out>& endpoint) {
    if constexpr (endpoint_check::count(is_file<In>()) > 0) return compiled(operation_of(endpoint), read_upload);
    return compiled(operation_of(endpoint));
}

}  // namespace api
