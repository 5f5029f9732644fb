// Turns SQL with named parameters into SQL for PostgreSQL: each parameter gets a number and a cast to its type.
#pragma once
#include "schema/operation.hpp"
#include "sql/database.hpp"

namespace api {

/// The SQL types of the parameters of one endpoint.
class ParameterTypes {
public:
    /// For statements outside of endpoints: knows only the types of :system parameters.
    ParameterTypes() = default;
    /// The operation must outlive it.
    explicit ParameterTypes(const Operation& operation) : operation_(&operation) {}
    /// The type of a parameter, `group.name`; empty if PostgreSQL infers it.
    std::string_view of(std::string_view parameter) const;

private:
    const Operation* operation_ = nullptr;
};

/// Replaces `:name` with `$n::type`, and `has_permission(code)` with the column of that name in the caller's part, or
/// with false if there is no caller. Throws std::logic_error for SQL that could hide a name (schema/sql_text.hpp).
Statement numbered(std::string_view sql, const ParameterTypes& types = {}, bool has_caller = true);

/// The first columns of every statement of an endpoint: the refusal as jsonb, whether the last use of the session must
/// be stored, and the caller's id, which is set even if the request is refused.
enum FixedColumn : std::size_t { refusal_column, touch_column, caller_column, first_column };
/// The statement of a page has two more: the count, and whether there is a row at all.
enum PageColumn : std::size_t { total_column = first_column, exists_column, first_page_column };

// Statements that the library sends in addition to those of endpoints.

/// Runs the requests of endpoints with .serialized one at a time. Anonymous callers take no lock.
inline constexpr std::string_view serialize_requests =
    "select pg_advisory_xact_lock(lock_number('serialized'))"
    " from sessions where key = :system.session_key and ended_as is null";
/// Stores that a session was used, after the answer was sent.
inline constexpr std::string_view touch_session =
    "update sessions set last_used_at = now(),"
    " expires_at = case kind when 'session' then session_end(created_at) else expires_at end"
    " where key = :system.session_key and should_touch_session(created_at, last_used_at)";

}  // namespace api
