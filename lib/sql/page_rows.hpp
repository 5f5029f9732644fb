// The rows that a page's statement has found.
#pragma once
#include "sql/page_request.hpp"

namespace api {

/// The rows of a page, without the one that only tells that there are more.
class PageRows {
public:
    /// All must outlive it.
    PageRows(const Operation& operation, const PageRequest& page, const Rows& rows);

    /// Rows of this page.
    std::size_t size() const { return size_; }
    /// Whether there are rows beyond it, in the direction of reading.
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

}  // namespace api
