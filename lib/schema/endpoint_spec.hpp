// The facts of an endpoint, the most important ones first.
#pragma once
#include "schema/parameters.hpp"
#include "schema/permissions.hpp"
#include "schema/route.hpp"
#include "schema/rule.hpp"
#include "schema/shape.hpp"
#include "schema/sql_text.hpp"

namespace api {

/// No body, or no content in the answer (204).
struct None {};
BOOST_DESCRIBE_STRUCT(None, (), ())

/// An answer that is one sentence.
struct Detail {
    Text<> detail;
};
BOOST_DESCRIBE_STRUCT(Detail, (), (detail))

/// An answer that is one page of a list of T.
template <class T>
struct Page {};

/// A column that the server sets, in addition to the body or instead of it: SQL over the same rows as a rule's `.when`.
struct ServerSet {
    std::string_view column;
    std::string_view sql;
};

/// A filter of a list that is not a member of its rows: which rows `?parameter=value` selects. A parameter has one
/// entry for each of its values.
struct Choice {
    std::string_view parameter;
    std::string_view value;
    std::string_view where;  ///< SQL over `it` and `me`
};

/// Statements that the C++ code of an endpoint sends.
using Queries = List<std::string_view, 12>;

// defined in higher layers; only the names are needed here
class RequestContext;
struct Reply;

/// An optional function of an endpoint. (Not a plain pointer: it would have to be compared with null at compile time,
/// which g++ 12 refuses under -fsanitize=undefined.)
template <class Result>
class Hook {
public:
    constexpr Hook() = default;
    /// From a function, or a lambda without captures.
    template <class Function>
        requires std::is_convertible_v<Function, Result (*)(RequestContext&)>
    constexpr Hook(Function function) : function_(function), set_(true) {}
    explicit constexpr operator bool() const { return set_; }
    Result operator()(RequestContext& context) const { return function_(context); }

private:
    Result (*function_)(RequestContext&) = nullptr;
    bool set_ = false;
};

/// The facts of an endpoint. Its SQL may use the names in parameters.hpp, the rows in rule.hpp, and the parts of the
/// statement in sql/statement_builder.hpp.
struct EndpointSpec {
    std::string_view route;                ///< methods, then the path: `PUT PATCH /api/v1/tasks/{task_id}`
    List<std::string_view, 12> also = {};  ///< other routes to the same endpoint
    std::string_view summary = "";         ///< a sentence for the API's documentation
    List<std::string_view> permissions;    ///< exactly one: `caller`, `anyone` or a code
    ResourceRef resource = {};  ///< what is stored; without .sql, the library writes the statement for the method
    std::string_view row = "";  ///< SQL: which row, if `{<name>_id}` in the path does not name it
    ResourceRef parent = {};    ///< of a creation or list: the object that it is part of, named by `{<name>_id}` in the
                                ///< path or by the field <name> of the body; a creation locks its row
    List<Computed, 20> computed = {};         ///< members of the answer that are computed differently from the resource
    List<ServerSet> server_set = {};          ///< of a creation or change: columns that the server sets
    List<Rule, 12> rules = {};                ///< when it is refused, in addition to the errors of the library
    std::string_view where = "";              ///< SQL: restricts the visible rows of a list, or the row in the path
    List<std::string_view, 16> filters = {};  ///< of a list: the members that it can be filtered by, and `search`
    List<Choice> choices = {};                ///< of a list: its other filters
    List<std::string_view> ordering = {"id"};  ///< of a list: the members that it can be ordered by
    std::string_view order = "-id";            ///< of a list: the default order
    /// A statement that runs first, in the same transaction: it locks rows that the rules read and other requests
    /// change. It must join them with the caller's session (:system.session_key).
    std::string_view lock = "";
    std::string_view sql = "";  ///< parts of the statement, separated by commas; if none of them is `answer as (…)`,
                                ///< the library writes that part for the method
    List<Parameter, 12> extra_params = {};  ///< parameters that `.prepare` or `.run` binds as :extra.NAME
    Queries queries = {};  ///< statements that `.prepare` and `.run` send; RequestContext::query sends no others
    /// Code that runs once after the input is read and before the statement's transaction; a retry does not repeat it.
    Hook<void> prepare = {};
    Hook<Reply> run = {};                ///< code around the statement
    int status = 0;                      ///< 0: by the method: 201, 204, else 200
    std::string_view content_type = "";  ///< of an answer that is not JSON; Accept is then ignored
    std::int64_t largest = 0;            ///< of an upload: the largest file in bytes, if that is less than the setting
    bool session_only = false;           ///< personal access tokens are refused: 403 session_required
    bool serialized = false;    ///< one request at a time in the whole system: its rules read rows that others change
    bool rate_limited = false;  ///< nginx limits how often one address may call it
    bool no_store = false;      ///< answers contain secrets: no cache may store them
    bool internal = false;      ///< only for this server: not part of the API; nginx serves it in a separate `server`
};

/// The content type of an endpoint that sends stored files of any type; `.run` reads the query string itself.
inline constexpr std::string_view any_type = "*/*";

}  // namespace api
