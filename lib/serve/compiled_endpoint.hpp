// An endpoint with its routes and statements, built once when the program starts.
#pragma once
#include "files/upload.hpp"
#include "sql/statement.hpp"

namespace api {

/// The operation of an endpoint, its routes and its statements. It must not be moved once requests are served.
struct CompiledEndpoint {
    Operation operation;
    /// For an upload: read_upload(). It is a pointer, so that only handlers with uploads link the libraries that it
    /// needs.
    decltype(&read_upload) receive = nullptr;
    std::vector<Route> routes = {};  ///< .route, then those of .also
    Statement statement = {};  ///< empty for a list (its statement depends on the query) and if only C++ code answers
    /// Without the checks of references, for requests that send none; empty if there are none to check. To prepare
    /// lookups that are never made costs 17 of the 412 µs that PostgreSQL spends to create a task.
    Statement statement_without_references = {};
    Statement caller_statement = {};      ///< empty if no caller is required
    Statement key_statement = {};         ///< for a POST that accepts an Idempotency-Key
    Statement lock_statement = {};        ///< runs before the statement; empty if no lock is needed
    std::vector<Statement> queries = {};  ///< in the order of .queries

    /// Whether this endpoint serves the method and path; if so, `parameters` are those of the path. A path that equals
    /// a literal route does not match a route with parameters.
    bool serves(std::string_view method, std::string_view path, bool is_literal, PathParameters& parameters) const;
    /// Every statement that it can send, for --describe and --check. For a list, these are the plain page, a
    /// page after a cursor in every order, and one with all filters.
    std::vector<Statement> all_statements() const;
};

/// Builds the statements of an operation.
CompiledEndpoint compiled(Operation operation, decltype(&read_upload) receive = nullptr);

/// The same for an endpoint as it is declared.
template <class In, class Out>
CompiledEndpoint compiled(const Endpoint<In, Out>& endpoint) {
    if constexpr (endpoint_check::count(is_file<In>()) > 0) return compiled(operation_of(endpoint), read_upload);
    return compiled(operation_of(endpoint));
}

}  // namespace api
