// The parts of a page request that determine the text of its SQL. Its values are in PageRequest (page_request.hpp).
#pragma once
#include "sql/statement.hpp"

namespace api {

/// Everything that determines the text of a page's statement. All texts come from the endpoint; values are parameters.
struct PageQuery {
    struct Term {
        const Member* member;
        bool descending;
    };
    std::vector<std::string> conditions;  ///< SQL over `it`
    std::vector<Term> order;              ///< without the id, which ends every order
    bool id_descending = true;
    bool after_cursor = false;  ///< begins after the keys in the parameters cursor.0 … and cursor.id
    bool backwards = false;     ///< read the page before the cursor
    bool counted = true;        ///< compute `total`: the number of rows, up to most_counted + 1 unless exact
    bool exact = false;
    bool searches = false;         ///< has a filter for a part of a text
    bool has_custom_plan = false;  ///< the best plan depends on the values, so it is planned for each request
};

/// The rows of a list are counted up to this number, unless the query string has count=exact.
inline constexpr int most_counted = 1'000;

}  // namespace api
