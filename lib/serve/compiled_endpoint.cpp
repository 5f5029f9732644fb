// Builds the statements of an endpoint and lists them.
#include "serve/compiled_endpoint.hpp"

#include <algorithm>

#include "serve/idempotency.hpp"
#include "sql/filter.hpp"
#include "sql/page_builder.hpp"
#include "sql/statement_builder.hpp"

namespace api {

CompiledEndpoint compiled(Operation operation, decltype(&read_upload) receive) {
    CompiledEndpoint endpoint{std::move(operation), receive};
    const Operation& op = endpoint.operation;
    const EndpointSpec& spec = op.spec;
    const ParameterTypes types(op);
    endpoint.routes.push_back(op.route);
    for (std::string_view also : spec.also) endpoint.routes.emplace_back(also);
    if (!op.is_public) endpoint.caller_statement = caller_statement(op);
    if (!op.is_page && (spec.resource || !spec.sql.empty()) && !(op.is_public && spec.sql.empty()))
        endpoint.statement = statement_of(op);
    if (op.has_body && op.has_sent_references && !endpoint.statement.text.empty() &&
        (!spec.parent || op.parent_in_path)) {
        Operation without = op;
        without.has_sent_references = false;
        endpoint.statement_without_references = statement_of(without);
    }
    if (op.takes_key()) endpoint.key_statement = key_statement(op);
    if (spec.serialized)
        endpoint.lock_statement = numbered(serialize_requests, types);
    else if (!spec.lock.empty())
        endpoint.lock_statement = numbered(spec.lock, types);
    for (std::string_view sql : spec.queries) endpoint.queries.push_back(numbered(sql, types, !op.is_public));
    return endpoint;
}

bool CompiledEndpoint::serves(std::string_view method, std::string_view path, bool is_literal,
                              PathParameters& parameters) const {
    return std::ranges::any_of(routes, [&](const Route& route) {
        parameters.clear();
        if (!route.has_method(method) || (is_literal && route.path != path)) return false;
        return route.matches(path, parameters);
    });
}

namespace {

/// A page with all filters and choices at once. It reads everything that any combination of them can read.
Statement filtered_statement(const Operation& op) {
    PageQuery query;
    Parameters values;
    Errors errors;
    for (std::string_view name : op.spec.filters)
        if (name == "search")
            Filters(op, query, values, errors).read("search", "two words");
        else
            query.conditions.push_back("it." + sql_text::quoted(name) + " is not null");
    for (const Choice& choice : op.spec.choices) query.conditions.push_back("(" + std::string(choice.where) + ")");
    return statement_of(op, query);
}

void add_page_statements(std::vector<Statement>& all, const Operation& op) {
    PageQuery query;
    all.push_back(statement_of(op, query));
    query.after_cursor = true;
    query.counted = false;
    for (std::string_view name : op.spec.ordering)
        if (const Member* member = find_member(op.answer, name); member && name != "id")
            for (bool descending : {false, true}) {
                query.order = {{member, descending}};
                query.id_descending = descending;
                all.push_back(statement_of(op, query));
            }
    all.push_back(filtered_statement(op));
}

}  // namespace

std::vector<Statement> CompiledEndpoint::all_statements() const {
    const ParameterTypes types(operation);
    std::vector<Statement> all;
    if (operation.is_page) add_page_statements(all, operation);
    for (const Statement* one :
         {&statement, &statement_without_references, &caller_statement, &key_statement, &lock_statement})
        if (!one->text.empty()) all.push_back(*one);
    if (receive) all.push_back(numbered(storage::keeping));
    all.insert(all.end(), queries.begin(), queries.end());
    if (!key_statement.text.empty())
        for (std::string_view sql : {stored_answer, store_answer}) all.push_back(numbered(sql, types));
    if (!caller_statement.text.empty()) all.push_back(numbered(touch_session, types));
    return all;
}

}  // namespace api
