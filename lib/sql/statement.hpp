// A form made into its one SQL statement: authenticate, authorize, see, decide, work, answer.
#pragma once
#include "sql/database.hpp"
#include "schema/endpoint.hpp"

namespace api {

// The statement's parts, in order. The library writes those that the form's .sql does not:
//   me       the caller: id, session_id, kind, dead (why the session is of no use), and a boolean column for each
//            permission that the form speaks of, named by its code; SQL writes may(code). Where it is spoken of:
//            codes, all permissions of the caller, and is_superuser. A personal access token has what it carries.
//   parent   the row that the form is .of, if the caller may see it; rules and fills have it by its object's name
//   referred why a reference in the body is refused
//   seen     the row, locked and in its newest state, if the caller may see it; refusal: which rule forbids the work
//   granted  seen, if nothing forbids it; .sql works on what it joins with this
//   answer   the work; the row that the answer shows. Parts of the .sql that speak of it come behind it, else before

/// One page of a list: what the query string asks for. All texts come from the form; values are parameters.
struct PageQuery {
    struct Term {
        const Member* member;
        bool descending;
    };
    std::vector<std::string> conditions;  ///< SQL over `it`
    std::vector<Term> order;              ///< the id ends every order
    bool id_descending = true;
    bool after_cursor = false;  ///< parameters cursor_0 … and cursor_id hold where the page begins
    bool backwards = false;     ///< the page before the cursor
    bool counted = true;        ///< total: the number of rows, up to most_counted + 1 unless exact
    bool exact = false;
    bool searches = false;      ///< for a part of a text
    bool planned_anew = false;  ///< its values decide how the rows are best found
};
inline constexpr int most_counted = 10'000;

/// The columns of every statement's row come after these. Who asks is there also where the request is refused.
enum FixedColumn { refusal_column, touch_column, caller_column, first_column };
/// Those of a page have two more in front: total, and whether there is a row at all.
enum PageColumn { total_column = first_column, exists_column, first_page_column };

/// `:name` becomes `$n`, `may(code)` a test of the caller's permissions; nobody who is not authenticated has one.
Statement numbered(std::string_view sql, bool authenticated = true);
/// The statement of a form that is no list.
Statement statement_of(const Operation& operation);
/// The statement of a page.
Statement statement_of(const Operation& operation, const PageQuery& page);
/// The same, built once for each thing that is asked for in the same way: the text takes longer to make than the page
/// to write. Valid until this thread's next call.
const Statement& page_statement(const Operation& operation, const PageQuery& page);
/// The caller's part alone: refusal, touch and the caller's id, and the kind behind them.
Statement caller_statement(const Operation& operation);

/// Takes an Idempotency-Key for the caller, if nobody has it: the columns of the caller's statement, and whether it was
/// free. Waits for whoever has just taken it.
Statement key_statement(const Operation& operation);

// What the library sends beside these two and the form's own.

/// Lets one who is somebody in at a time, where a form wants that.
inline constexpr std::string_view one_at_a_time =
    "select pg_advisory_xact_lock(5721) from sessions where key = :key::bytea and ended_as is null";
/// The first answer to an Idempotency-Key that is taken already.
inline constexpr std::string_view stored_answer =
    "select k.digest = :digest, k.status, k.headers, k.body from idempotency_keys k join sessions s on s.user_id = "
    "k.user_id where s.key = :key::bytea and k.route = :route and k.key = :idempotency_key";
/// Stores it for those that come again.
inline constexpr std::string_view store_answer =
    "update idempotency_keys k set status = :status, headers = :headers, body = :answer from sessions s"
    " where s.key = :key::bytea and k.user_id = s.user_id and k.route = :route and k.key = :idempotency_key";
/// That a session was used, when its answer has left.
inline constexpr std::string_view note_use =
    "update sessions set last_used_at = now(),"
    " expires_at = case kind when 'session' then session_end(created_at) else expires_at end"
    " where key = :key::bytea and use_is_news(created_at, last_used_at)";

/// The permissions that the operation's statement asks for, wherever in the form they stand.
std::vector<std::string> codes_of(const Operation& operation);

/// The SQL expression of a member in a list's order; the null of a day or a moment sorts as infinity, last.
std::string sort_key(const Member& member, bool descending);

}  // namespace api
