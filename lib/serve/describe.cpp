// What a handler says of itself, for the build: --describe.
#include <boost/json/serialize.hpp>

#include "http/csv.hpp"
#include "sql/filter.hpp"
#include "serve/handler.hpp"
#include "sql/statement_builder.hpp"

namespace api {

namespace {

json::array list_of(const auto& texts) {
    json::array list;
    for (const auto& text : texts) list.emplace_back(text);
    return list;
}

json::array methods_of(std::string_view route) {
    json::array methods;
    std::string_view rest = route.substr(0, route.find('/'));
    while (!rest.empty()) {
        std::string_view one = rest.substr(0, rest.find(' '));
        methods.emplace_back(one);
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
    return methods;
}

json::value statement_json(const Statement& statement) {
    if (statement.text.empty()) return nullptr;
    return json::object{{"text", statement.text}, {"parameters", list_of(statement.names)}};
}

/// What the endpoint refuses, beside what constraints and nginx refuse: the library first, then the form's rules.
std::vector<Refusal> refusals_of(const Entry& entry) {
    using namespace refusals;
    const Operation& operation = entry.operation;
    const Form& form = operation.form;
    std::vector<Refusal> all{refusals::invalid, bad_request, duplicate_header, malformed_json, malformed_form};
    const Splice splice{operation};
    if (splice.takes_key())
        all.insert(all.end(), {invalid_key, key_reused});
    else if (form.route.starts_with("POST "))
        all.push_back(no_keys);
    if (!splice.open)
        for (const Refusal* way : unauthenticated_reasons) all.push_back(*way);
    if (find_permission(form.permissions[0])) all.push_back(permission_missing);
    if (form.session_only) all.push_back(session_required);
    const bool has_own_words = std::any_of(form.rules.begin(), form.rules.end(), [](const Rule& rule) {
        return rule.status == not_found.status && rule.when.empty();
    });
    if (forms::contains(form.route, "{") || (splice.names_a_row && !has_own_words)) all.push_back(not_found);
    if (splice.takes_if_match()) all.push_back(stale);
    if (!form.sends_file) all.push_back(not_acceptable);
    for (const Refusal& one : {too_large, unsupported_media_type, internal, refusals::unavailable}) all.push_back(one);
    // what is stored, or spooled as CSV, needs room
    if (operation.receive || csv::is_offered(operation)) all.push_back(no_room);
    for (const Rule& rule : form.rules)
        if (rule.field.empty()) all.push_back(refusal_of(rule));
    return all;
}

json::object refusal_json(const Refusal& refusal) {
    return {{"status", refusal.status},
            {"title", reason(refusal.status)},
            {"code", refusal.code},
            {"detail", refusal.detail}};
}

json::array refusals_json(const Entry& entry) {
    json::array all;
    for (Refusal refusal : refusals_of(entry)) {
        std::string detail(refusal.detail);
        if (refusal.code == refusals::permission_missing.code)
            detail = Problem(refusals::permission_missing, entry.operation.form.permissions[0]).detail;
        if (refusal.code == refusals::not_acceptable.code)
            detail = Problem(refusals::not_acceptable, types_of(entry.operation)).detail;
        refusal.detail = detail;
        all.push_back(refusal_json(refusal));
    }
    return all;
}

/// How a list can be filtered: by each member, in which ways, and which words stand for several values.
json::array filters_json(const Operation& operation) {
    json::array all;
    for (std::string_view name : operation.form.filters)
        for (const Member& member : operation.out) {
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

/// The parameters that choose among words of the form's own.
json::object choices_json(const Form& form) {
    json::object choices;
    for (const Choice& choice : form.choices) {
        json::value& values = choices[choice.parameter];
        if (values.is_null()) values.emplace_array();
        values.get_array().emplace_back(choice.value);
    }
    return choices;
}

/// What the answer of each method is.
json::object success_json(const Operation& operation) {
    json::object statuses;
    for (const json::value& method : methods_of(operation.form.route))
        statuses[method.as_string()] = success_of(operation, method.as_string());
    return statuses;
}

/// A page whose filters and choices are all asked for at once: what they read, whatever the values are.
Statement filtered_statement(const Operation& operation) {
    PageQuery query;
    for (std::string_view name : operation.form.filters)
        query.conditions.push_back(name == "search"
                                       ? "(" + std::string(operation.form.object->searched) + ") is not null"
                                       : "it." + quoted(name) + " is not null");
    for (const Choice& choice : operation.form.choices)
        query.conditions.push_back("(" + std::string(choice.where) + ")");
    return statement_of(operation, query);
}

/// The answer as any reader sees it: a `case` without `else` is null for those who may not know.
Shape shown_of(const Operation& operation) {
    Shape shape = operation.out;
    if (!operation.form.object) return shape;
    for (Member& member : shape)
        for (const Computed& computed : operation.form.object->computed)
            if (computed.member == member.name && computed.sql.starts_with("case ") &&
                !forms::contains(computed.sql, " else "))
                member.nullable = true;
    return shape;
}

}  // namespace

json::object Handler::describe(const Entry& entry) const {
    const Operation& operation = entry.operation;
    const Form& form = operation.form;
    const Splice splice{operation};
    json::array also, rules, codes;
    for (std::string_view route : form.also)
        also.push_back(json::object{{"methods", methods_of(route)}, {"path", forms::path_of(route)}});
    for (const Rule& rule : form.rules)
        rules.push_back(json::object{{"code", rule.code}, {"status", rule.status}, {"detail", rule.detail}});
    for (const std::string& code : codes_of(operation)) {
        const Permission& permission = *find_permission(code);
        codes.push_back(json::object{{"code", permission.code},
                                     {"description", permission.description},
                                     {"holders", static_cast<int>(permission.holders)}});
    }
    json::object described{{"methods", methods_of(form.route)},
                           {"path", forms::path_of(form.route)},
                           {"also", also},
                           {"summary", form.summary},
                           {"asks", form.permissions[0]},
                           {"permissions", codes},
                           {"rules", rules},
                           {"refusals", refusals_json(entry)},
                           {"session_only", form.session_only},
                           {"guarded", form.guarded},
                           {"upload", operation.receive != nullptr},
                           {"largest", form.largest},
                           {"sends_file", form.sends_file},
                           {"local", form.local},
                           {"list", operation.is_page},
                           {"csv", csv::is_offered(operation)},
                           {"success", success_json(operation)},
                           {"if_match", splice.takes_if_match()},
                           {"idempotency_key", splice.takes_key()},
                           {"no_store", form.no_store}};
    if (form.object) described["table"] = form.object->table;
    if (operation.has_body) {
        described["body_name"] = operation.in_name;
        described["body"] = schema_of(operation.in, Side::body);
        described["patch"] = schema_of(operation.in, Side::patch);
    }
    if (!operation.out.empty()) {
        described["answer_name"] = operation.out_name;
        described["answer"] = schema_of(shown_of(operation), Side::answer);
        described["etag"] = !operation.is_page && !form.no_store && find_member(operation.out, "version") != nullptr;
        described["location"] = form.object && find_member(operation.out, "id") != nullptr;
    }
    if (operation.is_page) {
        described["filters"] = list_of(form.filters);
        described["choices"] = choices_json(form);
        described["filtered"] = filters_json(operation);
        described["ordering"] = list_of(form.ordering);
        described["order"] = form.order;
    }
    const std::vector<Statement> all = statements(entry);
    described["statement"] = statement_json(all.empty() ? Statement{} : all.front());
    json::array& texts = described["statements"].emplace_array();
    for (const Statement& statement : all) texts.push_back(statement_json(statement));
    return described;
}

std::string Handler::describe() const {
    json::array endpoints;
    for (const Entry& entry : entries_) endpoints.push_back(describe(entry));
    // which constraints there are, the tables tell
    return json::serialize(
        json::object{{"handler", name_},
                     {"endpoints", std::move(endpoints)},
                     {"constraints", {refusal_json(refusals::taken), refusal_json(refusals::in_use)}}});
}

std::vector<Statement> Handler::statements(const Entry& entry) const {
    const Operation& operation = entry.operation;
    std::vector<Statement> all;
    if (operation.is_page) {
        // as it stands, then from a cursor in every order
        PageQuery query;
        all.push_back(statement_of(operation, query));
        query.after_cursor = true;
        query.counted = false;
        for (std::string_view name : operation.form.ordering)
            for (const Member& member : operation.out)
                if (member.name == name && name != "id")
                    for (bool descending : {false, true}) {
                        query.order = {{&member, descending}};
                        query.id_descending = descending;
                        all.push_back(statement_of(operation, query));
                    }
        all.push_back(filtered_statement(operation));
    } else if (!entry.statement.text.empty()) {
        all.push_back(entry.statement);
    }
    for (const Statement& statement : {entry.caller_statement, entry.key_statement})
        if (!statement.text.empty()) all.push_back(statement);
    auto add = [&](bool is_sent, std::string_view sql) {
        if (is_sent) all.push_back(numbered(sql));
    };
    add(!operation.form.lock.empty(), operation.form.lock);
    add(operation.form.one_at_a_time, one_at_a_time);
    add(operation.receive != nullptr, storage::keeping);
    for (std::string_view sql : operation.form.queries) add(true, sql);
    for (std::string_view sql : {stored_answer, store_answer}) add(!entry.key_statement.text.empty(), sql);
    add(!entry.caller_statement.text.empty(), note_use);
    return all;
}

}  // namespace api
