// The statement of a page: one limited branch for each way to see a row, with keyset pagination instead of offsets.
#pragma once
#include "sql/caller.hpp"
#include "sql/page_query.hpp"

namespace api {

/// Builds the statement of one page.
class PageBuilder {
public:
    /// Both arguments must outlive the builder.
    PageBuilder(const Operation& operation, const PageQuery& query);

    /// The whole statement, with named parameters.
    std::string text() const;

private:
    /// One branch for each way to see a row, without the rows of the branches before it. An OR would read the whole
    /// table.
    std::vector<std::string> branches(std::string_view columns, const std::vector<std::string>& conditions,
                                      std::string_view tail) const;
    /// The part that counts the rows: exactly, or up to most_counted + 1.
    std::string total() const;
    /// The condition that a row comes after the cursor.
    std::string after_cursor() const;
    bool is_reversed(const PageQuery::Term& term) const { return term.descending != query_.backwards; }

    const Operation& op_;
    const PageQuery& query_;
    CallerSql caller_;
    bool descending_;                ///< whether the id descends, in the order in which the page is read
    std::vector<std::string> keys_;  ///< the keys that the rows are ordered by, before the id
    std::string order_;
    std::string admitted_;
};

/// The statement of a page.
Statement statement_of(const Operation& operation, const PageQuery& query);
/// The same, from a cache of this thread, because building the text takes longer than writing the page. The reference
/// is valid until this thread's next call.
const Statement& page_statement(const Operation& operation, const PageQuery& query);

/// The SQL expression of a member in a list's order. The null of a date or time is replaced by an infinity, so that it
/// sorts last. Throws std::logic_error for any other nullable member.
std::string sort_key(const Member& member, bool descending);

}  // namespace api
