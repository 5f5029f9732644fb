// The rows that the statement of a page has returned.
#pragma once
#include "sql/page_request.hpp"

namespace api {

/// The rows of a page, without the additional row that only shows that more rows exist.
class PageRows {
public:
    /// All arguments must outlive this object.
    PageRows(const Operation& operation, const PageRequest& page, const Rows& rows);

    /// The number of rows of this page.
    std::size_t size() const { return size_; }
    /// Whether more rows follow, in the direction of reading.
    bool has_more() const { return has_more_; }
    /// The keys that a row is ordered by, with the id last. The next page begins after them.
    std::vector<std::string> keys(std::size_t row) const;

private:
    std::size_t column_of(std::string_view member) const;

    const Operation& op_;
    const PageQuery& query_;
    const Rows& rows_;
    std::size_t size_;
    bool has_more_;
};

}  // namespace api
