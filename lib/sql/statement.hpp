// SQL with named parameters, as PostgreSQL takes it: numbered, and each cast to the type that its group says.
#pragma once
#include "schema/operation.hpp"
#include "sql/database.hpp"

namespace api {

/// The SQL types of the parameters of one endpoint.
class ParameterTypes {
public:
    /// Knows only the types of :system parameters: for statements outside of endpoints.
    ParameterTypes() = default;
    /// The operation must outlive it.
    explicit ParameterTypes(const Operation& operation) : operation_(&operation) {}
    /// The type of a parameter, `group.name`, or empty where PostgreSQL infers it.
    std::string_view of(std::string_view parameter) const;

private:
    const Operation* operation_ = nullptr;
};

/// `:name` becomes `$n::type`, `has_permission(code)` the column of the caller's part with that name; without a caller
/// it is false. Throws std::logic_error for SQL that could hide a name (schema/sql_text.hpp).
Statement numbered(std::string_view sql, const ParameterTypes& types = {}, bool has_caller = true);

/// The first columns of every statement of an endpoint: the refusal as jsonb, whether the use of the session is worth a
/// note, and the caller's id, which is there also where the request is refused.
enum FixedColumn : std::size_t { refusal_column, touch_column, caller_column, first_column };
/// Those of a page have two more: the count, and whether there is a row at all.
enum PageColumn : std::size_t { total_column = first_column, exists_column, first_page_column };

// What the library sends beside the statements of endpoints.

/// Lets one request at a time in, where an endpoint is .serialized. Anonymous callers take no lock.
inline constexpr std::string_view serialize_requests =
    "select pg_advisory_xact_lock(lock_number('serialized'))"
    " from sessions where key = :system.session_key and ended_as is null";
/// Notes that a session was used, once its answer has left.
inline constexpr std::string_view touch_session =
    "update sessions set last_used_at = now(),"
    " expires_at = case kind when 'session' then session_end(created_at) else expires_at end"
    " where key = :system.session_key and should_touch_session(created_at, last_used_at)";

}  // namespace api
