// Describes endpoints as JSON, and prints their statements.
#include "serve/describe.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "serve/read.hpp"
#include "sql/caller.hpp"
#include "sql/filter.hpp"
#include "sql/page_builder.hpp"

namespace api {

namespace {

json::array list_of(const auto& texts) {
    json::array list;
    for (const auto& text : texts) list.emplace_back(text);
    return list;
}

json::value statement_json(const Statement& statement) {
    if (statement.text.empty()) return nullptr;
    return json::object{{"text", statement.text}, {"parameters", list_of(statement.names)}};
}

/// The refusals of the endpoint: first those of the library, then those of its rules. Refusals by constraints and by
/// nginx are not included.
std::vector<Refusal> refusals_of(const CompiledEndpoint& endpoint) {
    using namespace refusals;
    const Operation& operation = endpoint.operation;
    const EndpointSpec& spec = operation.spec;
    std::vector<Refusal> all{refusals::invalid, bad_request, duplicate_header, malformed_json, malformed_form};
    if (operation.takes_key())
        all.insert(all.end(), {invalid_key, key_reused});
    else if (operation.route.has_method("POST"))
        all.push_back(no_keys);
    if (!operation.is_public)
        for (const Refusal* reason : unauthenticated_reasons) all.push_back(*reason);
    if (find_permission(spec.permissions[0])) all.push_back(permission_missing);
    if (spec.session_only) all.push_back(session_required);
    const bool has_own_words = std::ranges::any_of(
        spec.rules, [](const Rule& rule) { return rule.status == not_found.status && rule.when.empty(); });
    if (sql_text::contains(spec.route, "{") || (operation.names_a_row && !has_own_words)) all.push_back(not_found);
    if (operation.takes_if_match()) all.push_back(stale);
    if (spec.content_type.empty()) all.push_back(not_acceptable);
    for (const Refusal& one : {too_large, unsupported_media_type, internal, refusals::unavailable}) all.push_back(one);
    // uploads, and tables that are spooled as CSV, need disk space
    if (endpoint.receive || operation.offers_csv()) all.push_back(no_room);
    for (const Rule& rule : spec.rules)
        if (rule.field.empty()) all.push_back(refusal_of(rule));
    return all;
}

json::object refusal_json(const Refusal& refusal) {
    return {{"status", refusal.status},
            {"title", reason(refusal.status)},
            {"code", refusal.code},
            {"detail", refusal.detail}};
}

json::array refusals_json(const CompiledEndpoint& endpoint) {
    json::array all;
    for (Refusal refusal : refusals_of(endpoint)) {
        std::string detail(refusal.detail);
        if (refusal.code == refusals::permission_missing.code)
            detail = Problem(refusals::permission_missing, endpoint.operation.spec.permissions[0]).detail;
        if (refusal.code == refusals::not_acceptable.code)
            detail = Problem(refusals::not_acceptable, types_of(endpoint.operation)).detail;
        refusal.detail = detail;
        all.push_back(refusal_json(refusal));
    }
    return all;
}

/// How a list can be filtered: by which members, in which ways, and which words mean several values.
json::array filters_json(const Operation& operation) {
    json::array all;
    for (std::string_view name : operation.spec.filters)
        for (const Member& member : operation.answer) {
            if (member.name != name) continue;
            json::object groups;
            for (const auto& [word, values] : member.groups) groups[word] = values;
            all.push_back(json::object{{"name", name},
                                       {"ways", list_of(ways_of(member))},
                                       {"finds_parts", member.is_text},
                                       {"groups", std::move(groups)}});
        }
    return all;
}

/// The query parameters that accept only words which the endpoint defines.
json::object choices_json(const EndpointSpec& spec) {
    json::object choices;
    for (const Choice& choice : spec.choices) {
        json::value& values = choices[choice.parameter];
        if (values.is_null()) values.emplace_array();
        values.get_array().emplace_back(choice.value);
    }
    return choices;
}

/// The status of the answer to each method.
json::object success_json(const Operation& operation) {
    json::object statuses;
    for (std::string_view method : operation.route.methods) statuses[method] = operation.success(method);
    return statuses;
}

/// The answer as any caller can receive it: private members can be null.
Shape shown_of(const Operation& operation) {
    Shape shape = operation.answer;
    if (!operation.spec.resource) return shape;
    for (Member& member : shape)
        for (std::string_view name : operation.spec.resource->private_members)
            if (name == member.name) member.nullable = true;
    return shape;
}

json::array also_json(const CompiledEndpoint& endpoint) {
    json::array also;
    for (std::size_t i = 1; i < endpoint.routes.size(); ++i)
        also.push_back(
            json::object{{"methods", list_of(endpoint.routes[i].methods)}, {"path", endpoint.routes[i].path}});
    return also;
}

json::array rules_json(const Operation& operation) {
    json::array rules;
    for (const Rule& rule : operation.spec.rules)
        rules.push_back(json::object{{"code", rule.code}, {"status", rule.status}, {"detail", rule.detail}});
    return rules;
}

json::array permissions_json(const Operation& operation) {
    json::array codes;
    for (const std::string& code : CallerSql(operation).permissions()) {
        const Permission& permission = *find_permission(code);
        codes.push_back(json::object{{"code", permission.code},
                                     {"description", permission.description},
                                     {"holders", static_cast<int>(permission.holders)}});
    }
    return codes;
}

void add_shapes(json::object& described, const Operation& operation) {
    if (operation.has_body) {
        described["body_name"] = operation.body_name;
        described["body"] = schema_of(operation.body, Side::body);
        described["patch"] = schema_of(operation.body, Side::patch);
    }
    if (operation.answer.empty()) return;
    described["answer_name"] = operation.answer_name;
    described["answer"] = schema_of(shown_of(operation), Side::answer);
    described["etag"] =
        !operation.is_page && !operation.spec.no_store && find_member(operation.answer, "version") != nullptr;
    described["location"] = operation.spec.resource && find_member(operation.answer, "id") != nullptr;
}

void add_list(json::object& described, const Operation& operation) {
    described["filters"] = list_of(operation.spec.filters);
    described["choices"] = choices_json(operation.spec);
    described["filtered"] = filters_json(operation);
    described["ordering"] = list_of(operation.spec.ordering);
    described["order"] = operation.spec.order;
    if (std::ranges::find(operation.spec.filters, "search") == operation.spec.filters.end()) return;
    const Searched& searched = operation.spec.resource->searched;
    described["searched"] = json::object{
        {"columns", list_of(searched.columns)}, {"texts", searched.texts}, {"public_by", list_of(searched.public_by)}};
}

json::object described(const CompiledEndpoint& endpoint) {
    const Operation& operation = endpoint.operation;
    const EndpointSpec& spec = operation.spec;
    json::object all{{"methods", list_of(operation.route.methods)},
                     {"path", operation.route.path},
                     {"also", also_json(endpoint)},
                     {"summary", spec.summary},
                     {"asks", spec.permissions[0]},
                     {"permissions", permissions_json(operation)},
                     {"rules", rules_json(operation)},
                     {"refusals", refusals_json(endpoint)},
                     {"session_only", spec.session_only},
                     {"rate_limited", spec.rate_limited},
                     {"upload", endpoint.receive != nullptr},
                     {"largest", spec.largest},
                     {"sends_file", !spec.content_type.empty()},
                     {"internal", spec.internal},
                     {"list", operation.is_page},
                     {"csv", operation.offers_csv()},
                     {"success", success_json(operation)},
                     {"if_match", operation.takes_if_match()},
                     {"idempotency_key", operation.takes_key()},
                     {"no_store", spec.no_store}};
    if (spec.resource) all["table"] = spec.resource->table;
    add_shapes(all, operation);
    if (operation.is_page) add_list(all, operation);
    const std::vector<Statement> statements = endpoint.all_statements();
    all["statement"] = statement_json(statements.empty() ? Statement{} : statements.front());
    json::array& texts = all["statements"].emplace_array();
    for (const Statement& statement : statements) texts.push_back(statement_json(statement));
    return all;
}

/// Prints a statement with a heading and the names of its parameters.
void print(std::string& out, std::string_view heading, const Statement& statement) {
    if (statement.text.empty()) return;
    out += "-- " + std::string(heading) + '\n';
    std::string line = "--";
    for (std::size_t i = 0; i < statement.names.size(); ++i) {
        if (line.size() > 100) {
            out += line + '\n';
            line = "--";
        }
        line += " $" + std::to_string(i + 1) + " " + statement.names[i];
    }
    if (!statement.names.empty()) out += line + '\n';
    out += statement.text + ";\n\n";
}

/// A page with one filter and a cursor, as it runs for a second page.
Statement filtered_page(const Operation& operation) {
    PageQuery query;
    query.after_cursor = true;
    query.counted = false;
    for (std::string_view name : operation.spec.filters)
        if (find_member(operation.answer, name) && query.conditions.empty())
            query.conditions.push_back("it." + sql_text::quoted(name) + " = :filter." + std::string(name));
    for (const Choice& choice : operation.spec.choices)
        if (query.conditions.empty()) query.conditions.push_back("(" + std::string(choice.where) + ")");
    return statement_of(operation, query);
}

/// The first page of a search for two words.
Statement searched_page(const Operation& operation) {
    PageQuery query;
    Parameters values;
    Errors errors;
    Filters(operation, query, values, errors).read("search", "two words");
    return statement_of(operation, query);
}

}  // namespace

std::string describe(const Handler& handler) {
    json::array endpoints;
    for (const CompiledEndpoint& endpoint : handler.endpoints()) endpoints.push_back(described(endpoint));
    // the codes of single constraints come from the tables, so there is one refusal for each kind
    return json::serialize(
        json::object{{"handler", handler.name()},
                     {"endpoints", std::move(endpoints)},
                     {"constraints", {refusal_json(refusals::taken), refusal_json(refusals::in_use)}}});
}

std::string readable_sql(const Handler& handler) {
    std::string out;
    for (const CompiledEndpoint& endpoint : handler.endpoints()) {
        const Operation& operation = endpoint.operation;
        const std::string route(operation.spec.route);
        if (operation.is_page) {
            print(out, route, statement_of(operation, PageQuery{}));
            print(out, route + ", filtered, after a cursor", filtered_page(operation));
            if (std::ranges::find(operation.spec.filters, "search") != operation.spec.filters.end())
                print(out, route + ", searched", searched_page(operation));
        }
        print(out, route + ", the lock that it takes first", endpoint.lock_statement);
        print(out, route, endpoint.statement);
        print(out, route + ", without references", endpoint.statement_without_references);
        print(out, route + ", the claim of its Idempotency-Key", endpoint.key_statement);
        for (const Statement& query : endpoint.queries) print(out, route + ", sent by the endpoint's code", query);
    }
    return out;
}

}  // namespace api
