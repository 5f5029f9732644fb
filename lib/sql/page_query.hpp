// One page of a list as SQL: what decides the text of its statement. The values are in PageRequest (page_request.hpp).
#pragma once
#include "sql/statement.hpp"

namespace api {

/// What decides the text of a page's statement. All texts come from the endpoint; values are parameters.
struct PageQuery {
    struct Term {
        const Member* member;
        bool descending;
    };
    std::vector<std::string> conditions;  ///< SQL over `it`
    std::vector<Term> order;              ///< the id ends every order
    bool id_descending = true;
    bool after_cursor = false;  ///< the parameters cursor.0 … and cursor.id hold where the page begins
    bool backwards = false;     ///< the page before the cursor
    bool counted = true;        ///< total: the number of rows, up to most_counted + 1 unless exact
    bool exact = false;
    bool searches = false;         ///< for a part of a text
    bool has_custom_plan = false;  ///< its values decide how the rows are best found: planned for each request
};

/// A list is counted up to so many rows, unless count=exact asks for more.
inline constexpr int most_counted = 10'000;

}  // namespace api
