// The facts of an endpoint, in the order in which a reader asks for them.
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

/// A column that the server sets, beside or instead of what the body says: SQL over the rows of a rule's `.when`.
struct ServerSet {
    std::string_view column;
    std::string_view sql;
};

/// A filter of a list that is no member of its rows: which rows `?parameter=value` leaves. A parameter has one entry
/// for each of its values.
struct Choice {
    std::string_view parameter;
    std::string_view value;
    std::string_view where;  ///< SQL over `it` and `me`
};

/// Statements that the code of an endpoint sends.
using Queries = List<std::string_view, 12>;

// defined in higher layers: only their names are needed here
class RequestContext;
struct Reply;

/// A function that an endpoint may have. (A plain pointer would have to be compared with null at compile time, which
/// g++ 12 refuses under -fsanitize=undefined.)
template <class Result>
class Hook {
public:
    constexpr Hook() = default;
    /// Of a function or a lambda that captures nothing.
    template <class Function>
        requires std::is_convertible_v<Function, Result (*)(RequestContext&)>
    constexpr Hook(Function function) : function_(function), set_(true) {}
    explicit constexpr operator bool() const { return set_; }
    Result operator()(RequestContext& context) const { return function_(context); }

private:
    Result (*function_)(RequestContext&) = nullptr;
    bool set_ = false;
};

/// An endpoint's facts. What its SQL may say: parameters.hpp (the names), rule.hpp (the rows), and the parts of the
/// statement in sql/statement_builder.hpp.
struct EndpointSpec {
    std::string_view route;                ///< methods, then the path: `PUT PATCH /api/v1/tasks/{task_id}`
    List<std::string_view, 12> also = {};  ///< the same under other routes
    std::string_view summary = "";         ///< a sentence for the API's documentation
    List<std::string_view> permissions;    ///< exactly one: `caller`, `anyone` or a code
    ResourceRef resource = {};             ///< what is stored; alone it is the plain verb of the method
    std::string_view row = "";             ///< which row, where `{<name>_id}` in the path does not say it
    ResourceRef parent = {};  ///< a creation or list: the object that it is part of, which `{<name>_id}` in the
                              ///< path or the field <name> of the body says; a creation locks its row
    List<Computed, 20> computed = {};  ///< members of the answer that are computed otherwise than the resource says
    List<ServerSet> server_set = {};   ///< a creation or change: columns that the server sets
    List<Rule, 12> rules = {};         ///< why it is refused, beside what the library refuses
    std::string_view where = "";       ///< which of the visible rows: of a list, or that of the path
    List<std::string_view, 16> filters = {};   ///< a list: the members that it can be filtered by, and `search`
    List<Choice> choices = {};                 ///< a list: what else it can be filtered by
    List<std::string_view> ordering = {"id"};  ///< a list: the members that it can be ordered by
    std::string_view order = "-id";            ///< a list: the order unless another is requested
    /// A statement that runs first, in the same transaction: it locks what the rules look at and other requests change.
    /// It joins what it works on with the caller's session (:system.session_key).
    std::string_view lock = "";
    std::string_view sql = "";  ///< parts of the statement, separated by commas; without `answer as (…)` among them the
                                ///< plain verb's is written
    List<Parameter, 12> extra_params = {};  ///< what `.prepare` or `.run` gives as :extra.NAME
    Queries queries = {};  ///< what `.prepare` and `.run` send; others are not sent (RequestContext::query)
    /// Code that runs once after the input is read and before the statement's transaction; a retry does not repeat it.
    Hook<void> prepare = {};
    Hook<Reply> run = {};                ///< code around the statement
    int status = 0;                      ///< unless it follows from the method: 201, 204, else 200
    std::string_view content_type = "";  ///< of the answer, where it is not JSON: whatever a client accepts
    std::int64_t largest = 0;            ///< an upload: the largest file in bytes, where it is less than the setting
    bool session_only = false;           ///< personal access tokens are refused: 403 session_required
    bool serialized = false;    ///< one at a time in the whole system: its rules look at rows that others change
    bool rate_limited = false;  ///< nginx limits how often one address may call it
    bool no_store = false;      ///< answers carry secrets: no cache keeps them
    bool internal = false;  ///< for this machine alone: not part of the API, and nginx has a server of its own for it
};

/// The content type of an endpoint that sends stored files of any type; `.run` reads the query string itself.
inline constexpr std::string_view any_type = "*/*";

}  // namespace api
