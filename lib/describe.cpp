// What a handler says of itself: --describe for the build, --check for a deployment.
#include <boost/json/serialize.hpp>

#include "handler.hpp"

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

}  // namespace

std::string Handler::describe() const {
    json::array endpoints;
    for (const Entry& entry : entries_) {
        const Form& form = entry.operation.form;
        json::array also, rules, codes;
        for (std::string_view route : form.also)
            also.push_back(json::object{{"methods", methods_of(route)}, {"path", forms::path_of(route)}});
        for (const Rule& rule : form.rules)
            rules.push_back(json::object{{"code", rule.code}, {"status", rule.status}, {"detail", rule.detail}});
        for (const std::string& code : codes_of(entry.operation)) {
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
                               {"session_only", form.session_only},
                               {"guarded", form.guarded},
                               {"list", entry.operation.is_page}};
        if (entry.operation.has_body) described["body"] = schema_of(entry.operation.in);
        if (!entry.operation.out.empty()) described["answer"] = schema_of(entry.operation.out);
        if (entry.operation.is_page) {
            described["filters"] = list_of(form.filters);
            described["ordering"] = list_of(form.ordering);
            described["order"] = form.order;
        }
        described["statement"] = statement_json(statements(entry).empty() ? Statement{} : statements(entry).front());
        endpoints.push_back(std::move(described));
    }
    return json::serialize(json::object{{"handler", name_}, {"endpoints", std::move(endpoints)}});
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
    } else if (!entry.statement.text.empty()) {
        all.push_back(entry.statement);
    }
    for (const Statement& statement : {entry.caller_statement, entry.key_statement})
        if (!statement.text.empty()) all.push_back(statement);
    return all;
}

std::vector<std::string> Handler::check(Database& database) const {
    std::vector<std::string> faults;
    for (const Entry& entry : entries_) {
        for (const Statement& statement : statements(entry)) {
            try {
                database.check(statement);
            } catch (const std::exception& fault) {
                faults.push_back(std::string(entry.operation.form.route) + ": " + fault.what());
            }
        }
    }
    return faults;
}

}  // namespace api
