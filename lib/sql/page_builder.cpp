// Builds the statement of a page.
#include "sql/page_builder.hpp"

#include <map>

#include "base/text.hpp"
#include "sql/statement_builder.hpp"
#include "sql/template.hpp"
#include "sql/visibility.hpp"

namespace api {

PageBuilder::PageBuilder(const Operation& operation, const PageQuery& query)
    : op_(operation),
      query_(query),
      caller_(operation),
      descending_(query.id_descending != query.backwards),
      admitted_(caller_.admitted() + (operation.spec.parent ? " and exists (select from parent)" : "")) {
    for (const PageQuery::Term& term : query.order) {
        keys_.push_back(sort_key(*term.member, term.descending));
        order_ += keys_.back() + (is_reversed(term) ? " desc, " : ", ");
    }
    order_ += descending_ ? "it.id desc" : "it.id";
}

std::string PageBuilder::after_cursor() const {
    bool is_mixed = false;
    std::string left, right;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        is_mixed = is_mixed || is_reversed(query_.order[i]) != descending_;
        left += keys_[i] + ", ";
        right += ":cursor." + std::to_string(i) + ", ";
    }
    const char* sign = descending_ ? "<" : ">";
    if (!is_mixed)
        return fill("({left}it.id) {sign} ({right}:cursor.id)", {{"left", left}, {"sign", sign}, {"right", right}});
    // a > x or (a = x and (b < y or …)), with the first key bounded so that its index is used
    std::string after = fill("it.id {sign} :cursor.id", {{"sign", sign}});
    for (std::size_t i = keys_.size(); i-- > 0;) {
        const std::string value = ":cursor." + std::to_string(i);
        const bool down = is_reversed(query_.order[i]);
        after = fill("({key} {sign} {value} or ({key} = {value} and {after}))",
                     {{"key", keys_[i]}, {"sign", down ? "<" : ">"}, {"value", value}, {"after", after}});
        if (i == 0) after = keys_[i] + (down ? " <= " : " >= ") + value + " and " + after;
    }
    return after;
}

std::vector<std::string> PageBuilder::branches(std::string_view columns, const std::vector<std::string>& conditions,
                                               std::string_view tail) const {
    std::vector<std::string> all;
    std::string others;
    for (const std::string& way : visibility::ways(*op_.spec.resource)) {
        std::string where = "(" + way + ")" + others;
        if (!op_.spec.where.empty()) where += "\n and " + std::string(op_.spec.where);
        for (const std::string& condition : conditions) where += "\n and " + condition;
        all.push_back(fill("(select {columns} from {table} it\n  where {where}\n  {tail})",
                           {{"columns", std::string(columns)},
                            {"table", std::string(op_.spec.resource->table)},
                            {"where", where},
                            {"tail", std::string(tail)}}));
        others += " and (" + way + ") is not true";
    }
    return all;
}

std::string PageBuilder::total() const {
    // To count the rows that contain a text, the planner should be able to read the rows one by one until there are
    // enough: the index of the search would first collect all matches. The `order by` lets it consider that. All other
    // filters use indexes that stop early.
    // The limit of each branch tells the planner how few rows it needs; the outer one ends the counting.
    const std::string limit = query_.exact ? "" : "limit " + std::to_string(most_counted + 1);
    const std::string tail = (query_.searches && !query_.exact ? "order by it.id desc " : "") + limit;
    // If the first page is not full, the number of its rows is the count, so a search with few results does not run
    // twice.
    const bool is_first = !query_.after_cursor;
    const std::string counted =
        fill("(select count(*)\n   from (select from (\n            {branches}\n        ) it {limit}) it)",
             {{"branches", join(branches("1", query_.conditions, tail), "\nunion all\n")}, {"limit", limit}});
    // materialized, because it would otherwise be counted again for each row of the page
    return fill(R"(
total as materialized (
    select {sum} as rows
      from me{read}
     where {admitted}
))",
                {{"sum", is_first ? "case when read.rows < :page.limit then read.rows else " + counted + " end" : counted},
                 {"read", is_first ? " cross join (select count(*) as rows from page) read" : ""},
                 {"admitted", admitted_}});
}

std::string PageBuilder::text() const {
    const StatementBuilder one(op_);
    std::vector<std::string> conditions = query_.conditions;
    if (query_.after_cursor) conditions.push_back(after_cursor());
    std::vector<std::string> parts{caller_.part()};
    if (op_.spec.parent) parts.push_back(one.parent());
    parts.push_back(fill(
        R"(
page as (
    select it.*
      from me cross join lateral (
               {branches}
           ) it
     where {admitted}
     order by {order} limit :page.limit
))",
        {{"branches", join(branches("it.*", conditions, "order by " + order_ + " limit :page.limit"), "\nunion all\n")},
         {"admitted", admitted_},
         {"order", order_}}));
    if (query_.counted) parts.push_back(total());
    std::string cases = caller_.denials();
    if (op_.spec.parent) cases += "\nwhen parent.id is null then " + refusal_literal("not_found");
    return fill(R"(
with
{parts}
select case {cases} end as refusal,
       me.should_touch as touch, me.id as caller, {total} as total, it.id is not null as exists,
       {columns}
  from (values (true)) as one left join me on true
  {parent}
  left join page it on true
  {count}
 order by {order})",
                {{"parts", join(parts, ",\n")},
                 {"cases", cases},
                 {"total", query_.counted ? "total.rows" : "null"},
                 {"columns", one.columns()},
                 {"parent", op_.spec.parent ? "left join parent on true" : ""},
                 {"count", query_.counted ? "left join total on true" : ""},
                 {"order", order_}});
}

std::string sort_key(const Member& member, bool descending) {
    std::string column = "it." + sql_text::quoted(member.name);
    if (!member.nullable) return column;
    if (!member.is_time)
        throw std::logic_error("a list cannot be ordered by " + member.name +
                               ", because it can be null and is not a date or time");
    return "coalesce(" + column + (descending ? ", '-infinity')" : ", 'infinity')");
}

Statement statement_of(const Operation& operation, const PageQuery& query) {
    Statement statement = numbered(PageBuilder(operation, query).text(), ParameterTypes(operation));
    statement.has_custom_plan = query.has_custom_plan;
    return statement;
}

const Statement& page_statement(const Operation& operation, const PageQuery& query) {
    thread_local std::map<std::string, Statement, std::less<>> built;
    std::string key(operation.spec.route);
    for (const std::string& condition : query.conditions) key += '\n' + condition;
    for (const PageQuery::Term& term : query.order) key += (term.descending ? "\n-" : "\n+") + term.member->name;
    for (bool flag : {query.id_descending, query.after_cursor, query.backwards, query.counted, query.exact})
        key += flag ? '1' : '0';
    if (built.size() > 500) built.clear();
    auto found = built.find(key);
    if (found == built.end()) found = built.emplace(std::move(key), statement_of(operation, query)).first;
    return found->second;
}

}  // namespace api
