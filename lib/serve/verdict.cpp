// Turns the refusal of a statement into a Problem.
#include "serve/verdict.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

namespace api {

namespace {

[[noreturn]] void refuse_fields(const Operation& operation, const json::object& refusal) {
    Errors errors;
    if (const json::value* fields = refusal.if_contains("fields"))
        for (const json::value& field : fields->as_array())
            errors[std::string(field.as_string())] = {"This object does not exist or is not available to you."};
    if (const json::value* rules = refusal.if_contains("rules"))
        for (const json::value& code : rules->as_array()) {
            const Rule* rule = operation.find_rule(std::string_view(code.as_string()));
            if (!rule) throw std::logic_error("no rule has the code " + std::string(code.as_string()));
            errors[std::string(rule->field)].emplace_back(rule->detail);
        }
    throw invalid(std::move(errors));
}

[[noreturn]] void refuse_absent(const Operation& operation) {
    for (const Rule& rule : operation.spec.rules)
        if (rule.kind == Rule::Kind::absent) throw Problem(refusal_of(rule));
    throw Problem(refusals::not_found);
}

}  // namespace

void refuse(const Operation& operation, std::string_view refusal) {
    const json::object parsed = json::parse(refusal).as_object();
    const std::string_view code(parsed.at("code").as_string());
    if (code == "permission_missing") throw Problem(refusals::permission_missing, operation.required_permission());
    if (code == "session_required") throw Problem(refusals::session_required);
    if (code == "not_found") refuse_absent(operation);
    if (code == "stale") throw Problem(refusals::stale);
    if (code == "no_such" || code == "invalid") refuse_fields(operation, parsed);
    if (const Rule* rule = operation.find_rule(code)) {
        const json::value* name = parsed.if_contains("name");
        throw Problem(refusal_of(*rule), name && name->is_string() ? std::string_view(name->get_string()) : "");
    }
    throw unauthenticated(code);
}

}  // namespace api
