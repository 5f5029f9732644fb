// A page as the query string asks for it: filters, ordering, size and cursor, checked.
#pragma once
#include <optional>

#include "schema/route.hpp"
#include "sql/page_query.hpp"

namespace api {

/// One page of a list, as it was asked for.
struct PageRequest {
    PageQuery query;
    Parameters values;  ///< of the query's conditions
    int size = 20;
    std::optional<std::int64_t> count;  ///< carried by the cursor from the first page
    std::vector<std::pair<std::string, std::string>>
        parameters;      ///< of the query string, for the links, without cursor
    std::string digest;  ///< of what a cursor belongs to
};

/// Reads a query string. Throws a 400 that names every parameter that is unknown, given twice or wrong. With
/// rows_at_once the list is wanted with all of its rows, so many at a time.
PageRequest read_page(std::string_view query_string, const Operation& operation, const PathParameters& path,
                      std::optional<int> rows_at_once = std::nullopt);

/// The rows of a page, without the one that only tells that there are more.
class PageRows {
public:
    /// All must outlive it.
    PageRows(const Operation& operation, const PageRequest& page, const Rows& rows);

    std::size_t size() const { return size_; }
    bool has_more() const { return has_more_; }
    /// What a row is ordered by, the id last: where the page after it begins.
    std::vector<std::string> keys(std::size_t row) const;

private:
    std::size_t column_of(std::string_view member) const;

    const Operation& op_;
    const PageQuery& query_;
    const Rows& rows_;
    std::size_t size_;
    bool has_more_;
};

/// Asks for the page after a row's keys.
void continue_after(PageRequest& page, const std::vector<std::string>& keys);

}  // namespace api
