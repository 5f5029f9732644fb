// Builds the one statement of an endpoint, part by part.
#include "sql/statement_builder.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sql/input_row.hpp"
#include "sql/template.hpp"
#include "sql/visibility.hpp"

namespace api {

using sql_text::contains;
using sql_text::has_part;
using sql_text::quoted;

std::string StatementBuilder::parent() const {
    const Resource& parent = *op_.spec.parent;
    return fill(R"(
parent as materialized (
    select it.*
      from me join {table} it
                on it.id = {id}
               and {visible}
     where {admitted}
       {lock}
))",
                {{"table", std::string(parent.table)},
                 {"id", (op_.parent_in_path ? ":path." : ":body.") + std::string(parent.name) +
                            (op_.parent_in_path ? "_id" : "")},
                 {"visible", visibility::condition(parent)},
                 {"admitted", caller_.admitted()},
                 {"lock", op_.writes ? "for no key update of it" : ""}});
}

std::string StatementBuilder::named_row() const {
    return fill("{table} it\n  on {id}\n and {visible}",
                {{"table", std::string(op_.spec.resource->table)},
                 {"id", op_.id_in_path ? "it.id = :path." + std::string(op_.spec.resource->name) + "_id"
                                       : dedented(op_.spec.row)},
                 {"visible", visibility::condition(*op_.spec.resource, op_.spec.where)}});
}

std::string StatementBuilder::referred() const {
    return fill(
        R"(
referred as materialized (
    select {missing} as refusal
      from me cross join ({input}) input
     where {admitted}
))",
        {{"missing", refusals_.missing_references()}, {"input", sent_row(op_.body)}, {"admitted", caller_.admitted()}});
}

std::string StatementBuilder::target_of_creation() const {
    // There is no row yet: all columns of `it` are null, and the planner knows it. There is no lock to wait for, so the
    // body is read once.
    std::vector<std::string> choices;
    if (std::string missing = refusals_.missing_references(); !missing.empty()) choices.push_back(std::move(missing));
    // the parent was visible to the check of references, but was deleted while the statement waited for its lock;
    // without a parent, no rule can be evaluated
    if (op_.spec.parent && !op_.parent_in_path)
        choices.push_back(
            fill("case when {parent}.id is null"
                 " then jsonb_build_object('code', 'no_such', 'fields', jsonb_build_array('{parent}')) end",
                 {{"parent", std::string(op_.spec.parent->name)}}));
    choices.push_back(refusals_.broken_rules());
    return fill(
        R"(
target as materialized (
    select input.*,
           coalesce({choices}) as refusal
      from me cross join (select (null::{table}).*) it
     cross join ({input}) input
      {parent}
     where {admitted}
))",
        {{"choices", join(choices, ",\n")},
         {"table", std::string(op_.spec.resource->table)},
         {"input", sent_row(op_.body)},
         {"parent", op_.spec.parent ? "left join parent " + std::string(op_.spec.parent->name) + " on true" : ""},
         {"admitted", caller_.admitted()}});
}

std::string StatementBuilder::target() const {
    if (op_.creates) return target_of_creation();
    return fill(R"(
target as materialized (
    select {row}, {refusal} as refusal
      from me{join}
     where {admitted}
       {lock}
))",
                {{"row", op_.names_a_row ? "it.*" : "me.id as caller"},
                 {"refusal", refusals_.broken_rules()},
                 {"join", op_.names_a_row ? " join " + named_row() : ""},
                 {"admitted", caller_.admitted()},
                 {"lock", op_.names_a_row && op_.writes ? "for update of it" : ""}});
}

std::string StatementBuilder::authorized() const {
    return fill(
        R"(
authorized as (
    select target.* from target{others}
     where target.refusal is null{and_referred}
))",
        {{"others", std::string(op_.checks_references() ? ", referred" : "") + (op_.spec.parent ? ", parent" : "")},
         {"and_referred", op_.checks_references() ? " and referred.refusal is null" : ""}});
}

// -- the work

std::string StatementBuilder::work() const {
    const std::string table(op_.spec.resource->table);
    if (op_.deletes)
        return fill(
            "answer as (\n    delete from {table} it using authorized where it.id = authorized.id\n    returning it.*\n)",
            {{"table", table}});
    std::vector<std::string> columns, values;
    const auto set = [&](std::string_view column, std::string_view value) {
        columns.push_back(quoted(column));
        values.emplace_back(value);
    };
    for (const ServerSet& server : op_.spec.server_set) set(server.column, dedented(server.sql));
    for (const Member& member : op_.body)
        if (member.is_settable_column() && std::ranges::none_of(op_.spec.server_set, [&](const ServerSet& server) {
                return server.column == member.name;
            }))
            set(member.name, "input." + quoted(member.name));
    const std::string all_values = join(values, ",\n");
    if (op_.creates)
        return fill(
            R"(
answer as (
    insert into {table} ({columns})
    select {values}
      from authorized input cross join me{parent}
    returning *
))",
            {{"table", table},
             {"columns", join(columns, ", ")},
             {"values", all_values},
             {"parent", op_.spec.parent ? " cross join parent " + std::string(op_.spec.parent->name) : std::string()}});
    return fill(R"(
answer as (
    update {table} it
       set ({columns}) = (
               select {values}
                 from ({input}) input)
      from authorized{me}
     where it.id = authorized.id
    returning it.*
))",
                {{"table", table},
                 {"columns", join(columns, ", ")},
                 {"values", all_values},
                 {"input", changed_row(op_.body)},
                 {"me", contains(all_values, "me.") ? " cross join me" : ""}});
}

namespace {

void add_columns(std::vector<std::string>& columns, const EndpointSpec& spec, const Shape& shape) {
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            add_columns(columns, spec, member.nested);
            continue;
        }
        std::string expression = "it." + quoted(member.name);
        const auto compute = [&](const auto& list) {
            for (const Computed& computed : list)
                if (computed.member == member.name) expression = dedented(computed.sql);
        };
        if (spec.resource) {
            compute(spec.resource->computed);
            for (std::string_view name : spec.resource->private_members)
                if (name == member.name)
                    expression = "case when " + std::string(spec.resource->private_to) + " then " + expression + " end";
        }
        compute(spec.computed);
        columns.push_back(std::move(expression));
    }
}

}  // namespace

std::string StatementBuilder::columns() const {
    std::vector<std::string> columns;
    add_columns(columns, op_.spec, op_.answer);
    return join(columns, ",\n");
}

// -- the whole statement

std::string StatementBuilder::of_public() const {
    const bool has_me = has_part(op_.spec.sql, "me");
    return fill(R"(
with
{sql}
select null as refusal, false as touch, {caller} as caller{comma}
       {columns}
  from (values (true)) as one left join answer it on true{me})",
                {{"sql", dedented(op_.spec.sql)},
                 {"caller", has_me ? "me.id" : "null"},
                 {"comma", op_.answer.empty() ? "" : ","},
                 {"columns", columns()},
                 {"me", has_me ? " left join me on true" : ""}});
}

std::string StatementBuilder::read() const {
    // a read has nothing to lock and no rules to check
    return fill(R"(
with
{me}
select case {denials}
            when it.id is null then {not_found} end as refusal,
       me.should_touch as touch, me.id as caller{comma}
       {columns}
  from (values (true)) as one left join me on true
  left join {row}
        and {admitted})",
                {{"me", caller_.part()},
                 {"denials", caller_.denials()},
                 {"not_found", refusal_literal("not_found")},
                 {"comma", op_.answer.empty() ? "" : ","},
                 {"columns", columns()},
                 {"row", named_row()},
                 {"admitted", caller_.admitted()}});
}

std::string StatementBuilder::write() const {
    const std::string sql = dedented(op_.spec.sql);
    std::vector<std::string> parts;
    const auto add = [&](std::string_view name, std::string text) {
        if (!has_part(sql, name)) parts.push_back(std::move(text));
    };
    add("me", caller_.part());
    if (op_.checks_references()) add("referred", referred());
    if (op_.spec.parent) add("parent", parent());
    add("target", target());
    add("authorized", authorized());
    const bool uses_answer = op_.is_plain && contains(sql, "answer");
    if (!sql.empty() && !uses_answer) parts.push_back(sql);
    if (op_.is_plain) parts.push_back(work());
    if (uses_answer) parts.push_back(sql);

    std::string cases = caller_.denials();
    if (op_.checks_references()) cases += "\nwhen referred.refusal is not null then referred.refusal";
    if (op_.names_a_row) cases += "\nwhen target.id is null then " + refusal_literal("not_found");
    if (op_.parent_in_path) cases += "\nwhen parent.id is null then " + refusal_literal("not_found");
    return fill(R"(
with
{parts}
select case {cases}
            else target.refusal end as refusal,
       me.should_touch as touch, me.id as caller{comma}
       {columns}
  from (values (true)) as one left join me on true
  {referred}
  {parent}
  left join target on true left join answer it on true)",
                {{"parts", join(parts, ",\n")},
                 {"cases", cases},
                 {"comma", op_.answer.empty() ? "" : ","},
                 {"columns", columns()},
                 {"referred", op_.checks_references() ? "left join referred on true" : ""},
                 {"parent", op_.spec.parent ? "left join parent on true" : ""}});
}

std::string StatementBuilder::text() const {
    if (op_.is_public) return of_public();
    return op_.is_plain && !op_.writes ? read() : write();
}

Statement statement_of(const Operation& operation) {
    return numbered(StatementBuilder(operation).text(), ParameterTypes(operation), !operation.is_public);
}

}  // namespace api
