// The caller's part of a statement: who is calling, which permissions they have, and why they are refused.
#pragma once
#include "sql/statement.hpp"

namespace api {

/// Writes the part `me` of one operation's statement and what refers to it.
///   me  the caller: id, session_id, kind, denied_as (why the session is not valid), should_touch, and a boolean column
///       for each permission that the endpoint's SQL names. Where the SQL speaks of them: codes, all permissions of the
///       caller, and is_superuser. A personal access token has those that it was given.
class CallerSql {
public:
    /// The operation must outlive it.
    explicit CallerSql(const Operation& operation) : op_(operation) {}

    /// `me as materialized (…)`
    std::string part() const;
    /// The condition under which anything is looked at: the session is valid and has what the endpoint requires.
    std::string admitted() const;
    /// The cases of 401 and 403, one line each, of a `case` that is not closed.
    std::string denials() const;
    /// Every permission that the statement names.
    std::vector<std::string> permissions() const;

private:
    std::vector<std::string_view> texts() const;
    bool mentions(std::string_view what) const;
    /// The permission that is required as a column of me; empty where every caller has what it needs.
    std::string required() const;

    const Operation& op_;
};

/// The caller's part alone: refusal, touch and the caller's id, then the kind of the session.
Statement caller_statement(const Operation& operation);

}  // namespace api
