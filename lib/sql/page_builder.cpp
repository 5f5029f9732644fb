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
    std::vector<std::string> walked, found, rechecked;
    for (const PageQuery::TextFilter& filter : query.texts) {
        walked.push_back(filter.walked);
        if (!filter.found.empty()) found.push_back(filter.found);
        if (!filter.is_exact || filter.found.empty()) rechecked.push_back(filter.walked);
    }
    walked_ = join(walked, " and ");
    found_ = join(found, " and ");
    rechecked_ = join(rechecked, " and ");
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

std::vector<PageBuilder::Branch> PageBuilder::branches(const std::vector<std::string>& conditions) const {
    std::vector<Branch> all;
    std::string others;
    for (const visibility::Way& way : visibility::ways(*op_.spec.resource)) {
        Branch branch{"(" + way.sql + ")" + others, way.index, "", false};
        branch.is_whole =
            query_.conditions.empty() && op_.spec.where.empty() && rechecked_.empty() && keys_.empty() &&
            !sql_text::contains(others, "it.") &&
            (way.index == visibility::WordIndex::of_all || op_.spec.resource->searched.public_by.size() == 1);
        if (!op_.spec.where.empty()) branch.where += "\n and " + std::string(op_.spec.where);
        for (const std::string& condition : conditions) branch.where += "\n and " + condition;
        if (found_.empty()) branch.index = visibility::WordIndex::none;
        if (branch.index != visibility::WordIndex::none) branch.near = "near_" + std::to_string(all.size() + 1);
        all.push_back(std::move(branch));
        others += " and (" + way.sql + ") is not true";
    }
    return all;
}

std::string PageBuilder::walk(const Branch& branch, std::string_view columns, std::string_view tail) const {
    return fill("(select {columns} from {table} it\n  where {where}\n  {tail})",
                {{"columns", std::string(columns)},
                 {"table", std::string(op_.spec.resource->table)},
                 {"where", branch.where + (walked_.empty() ? "" : "\n and " + walked_)},
                 {"tail", std::string(tail)}});
}

std::string PageBuilder::find(const Branch& branch, std::string_view columns, std::string_view tail,
                              std::string_view limit) const {
    std::string found = found_;
    if (branch.index == visibility::WordIndex::of_public) {
        // exactly the expression of the index, so that no other index can be used
        constexpr std::string_view any = "texts.folded", own = "(case when texts.is_public then texts.folded end)";
        for (auto at = found.find(any); at != found.npos; at = found.find(any, at + own.size()))
            found.replace(at, any.size(), own);
        found += " and texts.is_public";
    }
    // `offset 0` keeps PostgreSQL from planning both tables together: it does not know how many rows have the words,
    // and could read the whole table. So the index comes first, then each row by its id. `+ 0` has the same reason.
    std::string first = "offset 0";
    if (branch.is_whole && !limit.empty())
        first = std::string(query_.after_cursor ? "and " + visibility::renamed(after_cursor(), "texts") + "\n" : "") +
                "order by texts.id + 0" + (descending_ ? " desc" : "") + " limit " + std::string(limit);
    return fill(R"(
(select {columns}
   from (select texts.id from {texts} texts
          where {found}
          {first}) found
  cross join lateral (select it.* from {table} it
                       where it.id = found.id and {where}
                       offset 0) it
  {tail}))",
                {{"columns", std::string(columns)},
                 {"texts", std::string(op_.spec.resource->searched.texts)},
                 {"found", found},
                 {"first", first},
                 {"table", std::string(op_.spec.resource->table)},
                 {"where", branch.where + (rechecked_.empty() ? "" : "\n and " + rechecked_)},
                 {"tail", std::string(tail)}});
}

std::string PageBuilder::near(const Branch& branch) const {
    return fill(R"(
{name} as materialized (
    select it.*, coalesce({walked}, false) as has_texts
      from me cross join lateral (
               select it.* from {table} it
                where {where}
                order by {order} limit {nearest}
           ) it
     where {admitted}
))",
                {{"name", branch.near},
                 {"walked", walked_},
                 {"table", std::string(op_.spec.resource->table)},
                 {"where", branch.where},
                 {"order", order_},
                 {"nearest", std::to_string(query_.nearest)},
                 {"admitted", admitted_}});
}

std::string PageBuilder::page(const Branch& branch) const {
    const std::string tail = "order by " + order_ + " limit :page.limit";
    const std::string columns = query_.texts.empty() ? "it.*" : "it.*, true as has_texts";
    if (branch.near.empty()) return walk(branch, columns, tail);
    const std::string suffice =
        fill("(select count(*) < {nearest} or count(*) filter (where has_texts) >= :page.limit from {near})",
             {{"nearest", std::to_string(query_.nearest)}, {"near", branch.near}});
    return fill("(select it.* from {near} it where it.has_texts and {suffice})\nunion all\n{found}",
                {{"near", branch.near},
                 {"suffice", suffice},
                 {"found", find(branch, columns, "where not " + suffice + "\n" + tail, ":page.limit")}});
}

std::string PageBuilder::counted(const Branch& branch) const {
    // To count the rows that contain a text, the planner should be able to read the rows one by one until there are
    // enough: an index of the text would first collect all matches. The `order by` lets it consider that. All other
    // filters use indexes that stop early. The limit tells the planner how few rows are needed.
    const std::string enough = std::to_string(most_counted + 1), limit = query_.exact ? "" : "limit " + enough;
    if (branch.near.empty())
        return walk(branch, "1", (query_.searches && !query_.exact ? "order by it.id desc " : "") + limit);
    if (query_.exact) return find(branch, "1", "", "");
    // If a quarter of the first rows have the texts, some more of them are read in order. The index, which reads all
    // matches of a frequent word, comes last.
    return fill(R"(
(select 1 from generate_series(1, (
     select case when near.rows < {nearest} then near.found else greatest(dense.rows, found.rows) end
       from (select count(*) as rows, count(*) filter (where has_texts) as found from {near}) near
      cross join lateral (select count(*) as rows
                            from (select from (select it.* from {table} it
                                                where {where}
                                                order by {order} limit {more}) it
                                   where {walked} limit {enough}) it
                           where near.rows = {nearest} and near.found >= {nearest} / 4) dense
      cross join lateral (select count(*) as rows
                            from {rows} it
                           where near.rows = {nearest} and dense.rows < {enough}) found))))",
                {{"near", branch.near},
                 {"nearest", std::to_string(query_.nearest)},
                 {"table", std::string(op_.spec.resource->table)},
                 {"where", branch.where},
                 {"order", order_},
                 {"more", std::to_string(5 * (most_counted + 1))},
                 {"walked", walked_},
                 {"enough", enough},
                 {"rows", find(branch, "1", limit, "")}});
}

std::string PageBuilder::total() const {
    // If the first page is not full, the number of its rows is the count, so a search with few results does not run
    // twice.
    const bool is_first = !query_.after_cursor;
    std::vector<std::string> rows;
    for (const Branch& branch : branches(query_.conditions)) rows.push_back(counted(branch));
    const std::string count =
        fill("(select count(*)\n   from (select from (\n            {rows}\n        ) it {limit}) it)",
             {{"rows", join(rows, "\nunion all\n")},
              {"limit", query_.exact ? "" : "limit " + std::to_string(most_counted + 1)}});
    // materialized, because it would otherwise be counted again for each row of the page
    return fill(R"(
total as materialized (
    select {sum} as rows
      from me{read}
     where {admitted}
))",
                {{"sum", is_first ? "case when read.rows < :page.limit then read.rows else " + count + " end" : count},
                 {"read", is_first ? " cross join (select count(*) as rows from page) read" : ""},
                 {"admitted", admitted_}});
}

std::string PageBuilder::text() const {
    const StatementBuilder one(op_);
    std::vector<std::string> conditions = query_.conditions;
    if (query_.after_cursor) conditions.push_back(after_cursor());
    std::vector<std::string> parts{caller_.part()};
    if (op_.spec.parent) parts.push_back(one.parent());
    if (!query_.sought.empty())
        parts.push_back("sought as materialized (\n    select * from " + join(query_.sought, ", ") + "\n)");
    std::vector<std::string> pages;
    for (const Branch& branch : branches(conditions)) {
        if (!branch.near.empty()) parts.push_back(near(branch));
        pages.push_back(page(branch));
    }
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
        {{"branches", join(pages, "\nunion all\n")}, {"admitted", admitted_}, {"order", order_}}));
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
    for (const PageQuery::TextFilter& filter : query.texts) key += '\n' + filter.walked + '\n' + filter.found;
    for (const std::string& sought : query.sought) key += '\n' + sought;
    key += '\n' + std::to_string(query.nearest);
    for (const PageQuery::Term& term : query.order) key += (term.descending ? "\n-" : "\n+") + term.member->name;
    for (bool flag : {query.id_descending, query.after_cursor, query.backwards, query.counted, query.exact})
        key += flag ? '1' : '0';
    if (built.size() > 500) built.clear();
    auto found = built.find(key);
    if (found == built.end()) found = built.emplace(std::move(key), statement_of(operation, query)).first;
    return found->second;
}

}  // namespace api
