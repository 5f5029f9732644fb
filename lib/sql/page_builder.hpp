// The statement of a page: one limited branch for each way to see a row, with keyset pagination instead of offsets.
#pragma once
#include "sql/caller.hpp"
#include "sql/page_query.hpp"
#include "sql/visibility.hpp"

namespace api {

/// Builds the statement of one page. It has one branch for each way to see a row, without the rows of the branches
/// before it: an OR would read the whole table.
///
/// A search reads a branch in one of two ways. If the rows depend on the caller, they are read in order, and their
/// texts compared. In a branch that has an index of words, this is done with the first rows alone, `near_N`: if the
/// page is full then, which a frequent word makes it, or if there are no more rows, that was all. Else the word is
/// rare, and the index finds all rows that have it. So no plan depends on the sought words, and the statement is
/// planned once.
class PageBuilder {
public:
    /// Both arguments must outlive the builder.
    PageBuilder(const Operation& operation, const PageQuery& query);

    /// The whole statement, with named parameters.
    std::string text() const;

private:
    struct Branch {
        std::string where;  ///< without the filters of texts
        visibility::WordIndex index = visibility::WordIndex::none;
        std::string near;       ///< the name of the part with its first rows, if it has an index
        bool is_whole = false;  ///< whether the index alone decides which rows of the table are in the branch
    };
    std::vector<Branch> branches(const std::vector<std::string>& conditions) const;
    /// The rows of a branch that are read in order: all of it, or those that have the texts.
    std::string walk(const Branch& branch, std::string_view columns, std::string_view tail) const;
    /// The rows of a branch that the index of words finds. With a limit, only the first in the order of ids.
    std::string find(const Branch& branch, std::string_view columns, std::string_view tail,
                     std::string_view limit) const;
    /// The part with the first rows of a branch and whether each has the texts.
    std::string near(const Branch& branch) const;
    std::string page(const Branch& branch) const;
    /// The rows of a branch for a count: all, or as many as are counted.
    std::string counted(const Branch& branch) const;
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
    std::string walked_, found_, rechecked_;  ///< the filters of texts, each as one condition
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
