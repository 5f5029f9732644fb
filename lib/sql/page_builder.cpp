// The statement of a page: one limited branch per way to see, cut by keys and not by offsets.
#include <map>

#include "sql/statement_builder.hpp"

namespace api {

std::vector<std::string> Splice::branches(std::string_view columns, const std::vector<std::string>& conditions,
                                          std::string_view tail) const {
    std::vector<std::string> all;
    std::string others;
    for (const std::string& way : ways()) {
        std::string text = "(select " + std::string(columns) + " from " + table + " it where (" + way + ")" + others;
        if (!form.where.empty()) text += " and " + std::string(form.where);
        for (const std::string& condition : conditions) text += " and " + condition;
        all.push_back(text + std::string(tail) + ")");
        others += " and (" + way + ") is not true";
    }
    return all;
}

std::string Splice::total(const PageQuery& query, std::string_view only) const {
    // A text that stands in most rows is counted by walking rows until there are enough; its index would first collect
    // all of them. The order makes the planner consider that walk. All else has an index that stops early by itself.
    const std::string enough = query.exact ? std::string()
                                           : std::string(query.searches ? " order by it.id desc" : "") + " limit " +
                                                 std::to_string(most_counted + 1);
    // Each branch counts itself, at half the cost of counting their union, and only while there are not enough. A first
    // page that is not full has been counted by being read: what few rows have is not searched for twice.
    const bool first = !query.after_cursor;
    std::string counts, sum;
    int number = 0;
    for (const std::string& branch : branches("1", query.conditions, enough)) {
        std::vector<std::string> needed;
        if (first) needed.emplace_back("seen.rows = :limit");
        if (!sum.empty() && !query.exact) needed.push_back(sum + " <= " + std::to_string(most_counted));
        const std::string name = "way_" + std::to_string(++number);
        counts += "\n     cross join lateral (select count(*) as rows from " + branch + " it" +
                  (needed.empty() ? "" : " where " + joined(needed, " and ")) + ") " + name;
        sum += (sum.empty() ? "" : " + ") + name + ".rows";
    }
    if (first) sum = "case when seen.rows < :limit then seen.rows else " + sum + " end";
    // materialized, because else it would be counted again for each row of the page
    return "total as materialized (\n    select " + sum + " as rows\n      from me" +
           (first ? " cross join (select count(*) as rows from page) seen" : "") + counts + "\n     where " +
           std::string(only) + "\n)";
}

std::string Splice::page(const PageQuery& query) const {
    const bool descending = query.id_descending != query.backwards;
    bool mixed = false;
    std::string order;
    std::vector<std::string> keys;
    for (const PageQuery::Term& term : query.order) {
        const bool down = term.descending != query.backwards;
        mixed = mixed || down != descending;
        keys.push_back(sort_key(*term.member, term.descending));
        order += keys.back() + (down ? " desc, " : ", ");
    }
    order += descending ? "it.id desc" : "it.id";

    std::vector<std::string> conditions = query.conditions;
    if (query.after_cursor) {
        std::string left, right;
        for (std::size_t i = 0; i < keys.size(); ++i)
            left += keys[i] + ", ", right += ":cursor_" + std::to_string(i) + ", ";
        if (!mixed) {
            conditions.push_back("(" + left + "it.id) " + (descending ? "<" : ">") + " (" + right + ":cursor_id)");
        } else {
            // a > x or (a = x and (b < y or …)), with the first key bounded so that its index is used
            std::string after = std::string("it.id ") + (descending ? "<" : ">") + " :cursor_id";
            for (std::size_t i = keys.size(); i-- > 0;) {
                std::string value = ":cursor_" + std::to_string(i);
                bool down = query.order[i].descending != query.backwards;
                after = "(" + keys[i] + (down ? " < " : " > ") + value + " or (" + keys[i] + " = " + value + " and " +
                        after + "))";
                if (i == 0) after = keys[i] + (down ? " <= " : " >= ") + value + " and " + after;
            }
            conditions.push_back(after);
        }
    }
    const std::string only = alive() + (of ? " and exists (select from parent)" : "");
    std::string sql =
        "with " + me() + (of ? ", " + parent() : "") +
        ", page as (\n    select it.* from me cross join lateral (\n        " +
        joined(branches("it.*", conditions, " order by " + order + " limit :limit"), "\n        union all\n        ") +
        "\n    ) it\n     where " + only + "\n     order by " + order + " limit :limit\n)";
    if (query.counted) sql += ", " + total(query, only);
    return sql + "\nselect " + caller_refusal() + (of ? "\n            when parent.id is null then 'not_found'" : "") +
           " end as refusal,\n       me.unused as touch, me.id as caller, " + (query.counted ? "total.rows" : "null") +
           " as total, it.id is not null as exists" + columns(op.out) +
           "\n  from (values (true)) as one left join me on true" + (of ? " left join parent on true" : "") +
           " left join page it on true" + (query.counted ? " left join total on true" : "") + "\n order by " + order;
}

std::string sort_key(const Member& member, bool descending) {
    std::string column = "it." + quoted(member.name);
    if (!member.nullable) return column;
    if (!member.is_time)
        throw std::logic_error("a list is ordered by " + member.name + ", whose null has no place in an order");
    return "coalesce(" + column + (descending ? ", '-infinity')" : ", 'infinity')");
}

Statement statement_of(const Operation& operation, const PageQuery& page) {
    Statement statement = numbered(Splice{operation}.page(page));
    statement.planned_anew = page.planned_anew;
    return statement;
}

const Statement& page_statement(const Operation& operation, const PageQuery& query) {
    thread_local std::map<std::string, Statement, std::less<>> built;
    std::string key(operation.form.route);
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
