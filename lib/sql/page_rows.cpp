// Counts the rows of a page and finds its end.
#include "sql/page_rows.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "schema/fields.hpp"

namespace api {

PageRows::PageRows(const Operation& operation, const PageRequest& page, const Rows& rows)
    : op_(operation), query_(page.query), rows_(rows) {
    // an empty page arrives as one row of nulls
    const bool is_empty = rows.size() == 1 && (rows.is_null(0, exists_column) || rows(0, exists_column) == "f");
    const std::size_t found = is_empty ? 0 : rows.size(), most = static_cast<std::size_t>(page.size);
    has_more_ = found > most;
    size_ = std::min(found, most);
}

std::size_t PageRows::column_of(std::string_view member) const {
    const Member* found = find_member(op_.answer, member);
    if (!found) throw std::logic_error("a list cannot be ordered by " + std::string(member));
    return first_page_column + static_cast<std::size_t>(found - op_.answer.data());
}

std::vector<std::string> PageRows::keys(std::size_t row) const {
    std::vector<std::string> keys;
    for (const PageQuery::Term& term : query_.order) {
        const std::size_t column = column_of(term.member->name);
        if (rows_.is_null(row, column)) {
            keys.emplace_back(null_key(term.descending));
            continue;
        }
        std::string key;
        term.member->write(key, rows_(row, column));
        keys.push_back(text_of(json::parse(key)));
    }
    keys.emplace_back(rows_(row, column_of("id")));
    return keys;
}

}  // namespace api
