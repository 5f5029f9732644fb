// Writes the conditions under which a statement refuses its work.
#include "sql/refusal_builder.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sql/input_row.hpp"
#include "sql/template.hpp"
#include "sql/visibility.hpp"

namespace api {

using sql_text::contains;
using sql_text::quoted;

std::string refusal_literal(std::string_view code) { return "'{\"code\": \"" + std::string(code) + "\"}'::jsonb"; }

namespace {

/// One refusal with the list of those expressions that are not null; null if all are null.
std::string refusal_of_any(std::string_view code, std::string_view list, const std::vector<std::string>& expressions) {
    return fill(R"(
(select jsonb_build_object('code', '{code}', '{list}', found.names)
   from (select array_remove(array[
             {expressions}], null) as names
         offset 0) found
  where found.names <> '{empty}'))",
                {{"code", std::string(code)},
                 {"list", std::string(list)},
                 {"expressions", join(expressions, ",\n")},
                 {"empty", "{}"}});
}

}  // namespace

std::string RefusalBuilder::missing_reference(const Member& member) const {
    // `offset 0` keeps this a single index lookup: a plan that was made while few such objects existed would otherwise
    // read all of them
    const auto is_missing = [&](const std::string& id, std::string_view offset) {
        return fill("not exists (select from {table} it where it.id = {id} and {visible}{offset})",
                    {{"table", std::string(member.reference->table)},
                     {"id", id},
                     {"visible", visibility::condition(*member.reference, member.reference->referable)},
                     {"offset", std::string(offset)}});
    };
    if (member.is_list)
        return fill(
            "case when exists (select from jsonb_array_elements_text(:body.{name}) named (id)\n"
            "                   where {missing}) then '{name}' end",
            {{"name", member.name}, {"missing", is_missing("named.id::bigint", " offset 0")}});
    // a stored reference may remain even if it could not be chosen now; a row that the caller cannot see must not
    // reveal its reference
    const std::string differs = op_.id_in_path
                                    ? fill(
                                          "and input.{column} is distinct from (select it.{column} from {table} it"
                                          " where it.id = :path.{resource}_id and {visible})",
                                          {{"column", quoted(member.name)},
                                           {"table", std::string(op_.spec.resource->table)},
                                           {"resource", std::string(op_.spec.resource->name)},
                                           {"visible", visibility::condition(*op_.spec.resource, op_.spec.where)}})
                                    : "";
    return fill(R"(
case when input.{column} is not null
      {differs}
      and {missing} then '{name}' end)",
                {{"column", quoted(member.name)},
                 {"differs", differs},
                 {"missing", is_missing("input." + quoted(member.name), "")},
                 {"name", member.name}});
}

std::string RefusalBuilder::missing_references() const {
    if (!op_.has_sent_references) return "";
    std::vector<std::string> cases;
    for (const Member& member : op_.body)
        if (member.is_sent_reference()) cases.push_back(missing_reference(member));
    return cases.empty() ? "" : refusal_of_any("no_such", "fields", cases);
}

std::string RefusalBuilder::sql_of(const Rule& rule, std::string_view sql) const {
    return dedented(rule.of_parent ? visibility::renamed(sql, op_.spec.parent->name) : std::string(sql));
}

std::string RefusalBuilder::broken_fields() const {
    std::vector<std::string> cases;  // one refusal names all invalid fields
    for (const Rule& rule : op_.spec.rules)
        if (!rule.when.empty() && !rule.field.empty())
            cases.push_back("case when " + sql_of(rule, rule.when) + " then '" + std::string(rule.code) + "' end");
    return cases.empty() ? "" : refusal_of_any("invalid", "rules", cases);
}

std::string RefusalBuilder::case_of(const Rule& rule) const {
    const std::string when = sql_of(rule, rule.when);
    const std::string then = rule.name.empty()
                                 ? refusal_literal(rule.code)
                                 : fill("jsonb_build_object('code', '{code}', 'name', {name})",
                                        {{"code", std::string(rule.code)}, {"name", sql_of(rule, rule.name)}});
    constexpr std::size_t longest_line = 80;
    const bool is_long = when.size() + then.size() > longest_line;
    return fill(is_long ? "when {when}\n  then {then}" : "when {when} then {then}", {{"when", when}, {"then", then}});
}

std::string RefusalBuilder::broken_rules() const {
    std::vector<std::string> cases;
    const auto add = [&](auto is_wanted) {
        for (const Rule& rule : op_.spec.rules)
            if (is_wanted(rule.status) && !rule.when.empty() && rule.field.empty()) cases.push_back(case_of(rule));
    };
    add([](int status) { return status == 400; });
    add([](int status) { return status == 403 || status == 404; });
    if (op_.names_a_row && op_.writes)
        cases.push_back("when not it.version = any (:system.if_match) then " + refusal_literal("stale"));
    add([](int status) { return status == 409; });
    std::vector<std::string> choices;
    if (std::string fields = broken_fields(); !fields.empty()) choices.push_back(std::move(fields));
    if (!cases.empty()) choices.push_back(fill("case {cases} end", {{"cases", join(cases, "\n")}}));
    if (choices.empty()) return "null::jsonb";
    std::string choice =
        choices.size() == 1 ? choices[0] : fill("coalesce({choices})", {{"choices", join(choices, ",\n")}});
    if (!op_.names_a_row || !contains(choice, "input.")) return choice;
    return fill("(select {choice}\n   from ({input}) input)", {{"choice", choice}, {"input", changed_row(op_.body)}});
}

}  // namespace api
