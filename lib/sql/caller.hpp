// The caller's part of a statement: who the caller is, which permissions they have, and why they are refused.
#pragma once
#include "sql/statement.hpp"

namespace api {

/// Writes the part `me` of one operation's statement, and the conditions that use it.
///   me  the caller: id, session_id, kind, denied_as (why the session is not valid), should_touch, and a boolean column
///       for each permission that the endpoint's SQL names. If the SQL mentions them: codes, all permissions of the
///       caller, and is_superuser. A personal access token has only the permissions that it was given.
class CallerSql {
public:
    /// The operation must outlive it.
    explicit CallerSql(const Operation& operation) : op_(operation) {}

    /// `me as materialized (…)`
    std::string part() const;
    /// The condition under which the statement reads any row: the session is valid and has the permission that the
    /// endpoint requires.
    std::string admitted() const;
    /// The cases for 401 and 403, one per line, of a `case` expression without its `end`.
    std::string denials() const;
    /// Every permission that the statement names.
    std::vector<std::string> permissions() const;

private:
    std::vector<std::string_view> texts() const;
    bool mentions(std::string_view what) const;
    /// The required permission as a column of `me`; empty if the endpoint requires none.
    std::string required() const;

    const Operation& op_;
};

/// The statement of the caller's part alone. Its columns are refusal, touch, the caller's id and the kind of the
/// session.
Statement caller_statement(const Operation& operation);

}  // namespace api
