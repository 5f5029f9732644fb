// The one statement of an endpoint that is not a list: authenticate, authorize, find, decide, work, answer.
#pragma once
#include "sql/caller.hpp"
#include "sql/refusal_builder.hpp"

namespace api {

// The parts of the statement, in order. The library writes the parts that the endpoint's .sql does not contain:
//   me          the caller (sql/caller.hpp)
//   referred    why a reference in the body of a change is refused
//   parent      the row of .parent, if the caller may see it; rules and .server_set have it by its resource's name
//   target      the row, locked and in its newest state, if the caller may see it; refusal: which rule forbids the work
//   authorized  target, if nothing forbids it; .sql must join the rows that it changes with this
//   answer      the work: the row that the answer shows. If the library writes this part, a .sql that mentions
//               `answer` comes after it, any other .sql before it

/// Builds the statement of one operation. Parts that modify data must be at the top level, so the texts are joined, not
/// nested.
class StatementBuilder {
public:
    /// The operation must outlive it.
    explicit StatementBuilder(const Operation& operation) : op_(operation), caller_(operation), refusals_(operation) {}

    /// The whole statement, with named parameters.
    std::string text() const;
    /// The row of .parent in its newest state; locked if the statement writes.
    std::string parent() const;
    /// The columns of the answer, computed from the row `it`, separated by commas.
    std::string columns() const;

private:
    std::string of_public() const;
    std::string read() const;
    std::string write() const;
    /// The row that the path or .row names, if the caller may see it, as a table and its join condition.
    std::string named_row() const;

    std::string referred() const;
    std::string target() const;
    std::string target_of_creation() const;
    std::string authorized() const;

    std::string work() const;

    const Operation& op_;
    CallerSql caller_;
    RefusalBuilder refusals_;
};

/// The statement of an endpoint that is not a list.
Statement statement_of(const Operation& operation);

}  // namespace api
