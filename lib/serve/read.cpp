// Reads a request: accepted types, preconditions, body, path and query.
#include "serve/read.hpp"

#include <algorithm>

#include "http/negotiation.hpp"
#include "serve/idempotency.hpp"
#include "serve/table.hpp"

namespace api {

std::string_view types_of(const Operation& operation) {
    return operation.offers_csv() ? "application/json or text/csv" : "application/json";
}

namespace {

bool read_wants_csv(const Request& request, const Operation& operation) {
    const std::string_view accept = request.variable("HTTP_ACCEPT");
    if (accept.empty() || !operation.spec.content_type.empty()) return false;
    const double json =
        std::max(quality_of(accept, "application/json"), quality_of(accept, "application/problem+json"));
    const double csv = operation.offers_csv() ? quality_of(accept, "text/csv") : 0;
    if (json <= 0 && csv <= 0) throw Problem(refusals::not_acceptable, types_of(operation));
    return csv > json;
}

std::string read_user_agent(const Request& request) {
    std::string agent(request.variable("HTTP_USER_AGENT").substr(0, 256));
    std::erase_if(agent, [](char c) { return c < 0x20 || c > 0x7e; });
    return agent;
}

json::object read_body_and_query(Request& request, const Operation& operation) {
    CheckedFields checked = read_input(request, operation.body, operation.answer);
    if (!operation.is_page && operation.spec.content_type.empty())
        for (const auto& [name, value] : decode_query(request.query()))
            checked.errors[name].emplace_back("Unknown query parameter.");
    if (!checked.errors.empty()) throw invalid(std::move(checked.errors));
    return std::move(checked.fields);
}

/// Normalises the spelling of ids. Throws 404 if the text is not an id.
void normalize_ids(PathParameters& path) {
    for (auto& [name, value] : path) {
        if (!name.ends_with("_id")) continue;
        json::value number(value);
        if (!types::check_integer(number, Source::text, 1, INT64_MAX).empty()) throw Problem(refusals::not_found);
        value = std::to_string(number.get_int64());
    }
}

}  // namespace

Input read(Request& request, const CompiledEndpoint& endpoint, const PathParameters& path) {
    const Operation& operation = endpoint.operation;
    Input input;
    input.path = path;
    try {
        input.wants_csv = read_wants_csv(request, operation);
        const std::string_view if_match = request.variable("HTTP_IF_MATCH");
        if (!if_match.empty()) input.if_match = versions_of(if_match);
        input.idempotency_key = read_idempotency_key(request, operation);
        input.user_agent = read_user_agent(request);
        if (!endpoint.receive) input.fields = read_body_and_query(request, operation);
        normalize_ids(input.path);
        if (operation.is_page)
            input.page =
                read_page(request.query(), operation, input.path,
                          input.wants_csv ? std::optional(table::rows_at_once(operation.answer)) : std::nullopt);
    } catch (const Problem& problem) {
        input.fault = problem;
    }
    return input;
}

}  // namespace api
