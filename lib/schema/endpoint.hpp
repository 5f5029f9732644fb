// The form of an endpoint: every fact about it in the order in which a reader asks, checked by the compiler.
#pragma once
#include <algorithm>

#include "http/input.hpp"
#include "schema/permissions.hpp"

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

/// Why a request that is well-formed and permitted is refused all the same: `when` is SQL over `it` (the row as it is;
/// null at a creation), `given` (the row as it would be), `me`, and the row of `.of` by its object's name. 400 comes
/// before 403, 403 before 412, 409 last. Without `when` the rule gives its words to what is found otherwise: a 409 to
/// the violated constraint of that name, a 404 to the row that is not there, any other to what `.run` throws.
struct Rule {
    std::string_view code;
    int status = 0;
    std::string_view when;
    std::string_view detail;      ///< a sentence for people; {} in it is what .names finds
    std::string_view field = "";  ///< of status 400: the field at fault
    std::string_view names = "";  ///< SQL, over the same: a name for the sentence
};

/// What a rule refuses: to be thrown by `.run`, and for the documentation.
constexpr Refusal refusal_of(const Rule& rule) { return {rule.code, rule.status, rule.detail}; }
/// A rule without `when` for what `.run` throws as one of the library's refusals.
constexpr Rule thrown(const Refusal& refusal) { return {refusal.code, refusal.status, "", refusal.detail}; }

/// What the system stores in a column beside the body.
struct Fill {
    std::string_view column;
    std::string_view sql;
};

/// A filter of a list that is no member of its rows: which of them `?parameter=value` leaves. A parameter has one for
/// each of its values.
struct Choice {
    std::string_view parameter;
    std::string_view value;
    std::string_view where;  ///< SQL over `it` and `me`
};

/// Statements of one form.
using Queries = List<std::string_view, 12>;

class Exchange;
struct Reply;

/// A function that a form may have. (A plain pointer would have to be compared with null at compile time, which g++ 12
/// refuses under -fsanitize=undefined.)
template <class Result>
class Hook {
public:
    constexpr Hook() = default;
    /// Of a function or a lambda that captures nothing.
    template <class Function>
    requires std::is_convertible_v<Function, Result (*)(Exchange&)>
    constexpr Hook(Function function) : function_(function), set_(true) {}
    explicit constexpr operator bool() const { return set_; }
    Result operator()(Exchange& exchange) const { return function_(exchange); }

private:
    Result (*function_)(Exchange&) = nullptr;
    bool set_ = false;
};

/// An endpoint's facts. What the SQL parts may say is in statement.hpp.
struct Form {
    std::string_view route;                ///< methods, then the path: `PUT PATCH /api/v1/tasks/{task_id}`
    List<std::string_view, 12> also = {};  ///< the same under other routes
    std::string_view summary = "";         ///< a sentence for the API's documentation
    List<std::string_view> permissions;    ///< the one that is asked for: `caller`, `anyone` or a code
    ObjectRef object = {};                 ///< what is stored; alone it is the plain verb of the method
    std::string_view row = "";             ///< which row, where `{<name>_id}` in the path does not say it
    ObjectRef of = {};  ///< a creation or list: the object that it is part of, which `{<name>_id}` in the
                        ///< path or the field <name> of the body says; its row is locked by a creation
    List<Computed, 20> computed = {};  ///< members of the answer that are computed otherwise than the object says
    List<Fill> fills = {};             ///< a creation or change: what the system stores beside the body
    List<Rule, 12> rules = {};
    std::string_view where = "";               ///< which of the visible rows: of a list, or that of the path
    List<std::string_view, 16> filters = {};   ///< a list: the members that it can be filtered by, and `search`
    List<Choice> choices = {};                 ///< a list: what else it can be filtered by
    List<std::string_view> ordering = {"id"};  ///< a list: the members that it can be ordered by
    std::string_view order = "-id";            ///< a list: the order unless another is asked for
    /// A statement that runs first, in the same transaction: it locks what the rules look at and others change. Joins
    /// what it works on with the caller's session (:key).
    std::string_view lock = "";
    std::string_view sql = "";             ///< parts of the statement, separated by commas; without `answer as (…)`
                                           ///< among them the plain verb's is written
    List<std::string_view, 12> with = {};  ///< names in the SQL that `.prepare` or `.run` gives
    Queries queries = {};  ///< what `.prepare` and `.run` send beside it: others are not sent (Exchange::query)
    /// Code between what was sent and the statement, outside of its transaction; once, however often that is tried.
    Hook<void> prepare = {};
    Hook<Reply> run = {};        ///< code around the statement
    int status = 0;              ///< unless it follows from the method: 201, 204, else 200
    std::int64_t largest = 0;    ///< an upload: the largest file in bytes, where it is less than the setting
    bool session_only = false;   ///< personal access tokens are refused: 403 session_required
    bool one_at_a_time = false;  ///< in the whole system: its rules look at rows that others change
    bool guarded = false;        ///< nginx limits how often one address may call it
    bool no_store = false;       ///< answers carry secrets: no cache keeps them
    bool sends_file = false;     ///< of any type, whatever is accepted; `.run` reads the query string itself
    bool local = false;  ///< for this machine alone: not part of the API, and nginx has a server of its own for it
};

namespace forms {

constexpr bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// Walks SQL text outside of its strings and tells of each `:name` and each `may(code)`.
/// Calls on_name(name), on_may(code) and on_else(character).
template <class OnName, class OnMay, class OnElse>
constexpr void scan(std::string_view sql, OnName on_name, OnMay on_may, OnElse on_else) {
    for (std::size_t i = 0; i < sql.size();) {
        char c = sql[i];
        if (c == '\'') {
            std::size_t end = sql.find('\'', i + 1);
            if (end == sql.npos) throw "A string in the SQL of a form is not closed.";
            for (; i <= end; ++i) on_else(sql[i]);
            continue;
        }
        if (c == '$' || (c == '-' && i + 1 < sql.size() && sql[i + 1] == '-') ||
            (c == '/' && i + 1 < sql.size() && sql[i + 1] == '*'))
            throw "The SQL of a form has no comments, dollar quotes or numbered parameters.";
        if (c == ':' && i + 1 < sql.size() && sql[i + 1] == ':') {
            on_else(':'), on_else(':');
            i += 2;
            continue;
        }
        if (c == ':' && i + 1 < sql.size() && is_name(sql[i + 1])) {
            std::size_t end = i + 1;
            while (end < sql.size() && is_name(sql[end]) && sql[end] != '.') ++end;
            on_name(sql.substr(i + 1, end - i - 1));
            i = end;
            continue;
        }
        if (sql.substr(i, 4) == "may(" && (i == 0 || !is_name(sql[i - 1]))) {
            std::size_t end = sql.find(')', i);
            if (end == sql.npos) throw "A may( in the SQL of a form is not closed.";
            on_may(sql.substr(i + 4, end - i - 4));
            i = end + 1;
            continue;
        }
        on_else(c);
        ++i;
    }
}

constexpr bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// The path of a route: what stands behind its methods.
constexpr std::string_view path_of(std::string_view route) {
    std::size_t slash = route.find('/');
    if (slash == route.npos || slash == 0) throw "A route is one or more methods and a path: GET /api/v1/things.";
    return route.substr(slash);
}

/// True where the path has the parameter {name}, its name perhaps followed by an end such as _id.
constexpr bool has_parameter(std::string_view path, std::string_view name, std::string_view end = "") {
    for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1)) {
        std::string_view parameter = path.substr(open + 1, path.find('}', open) - open - 1);
        if (parameter.size() == name.size() + end.size() && parameter.substr(0, name.size()) == name &&
            parameter.substr(name.size()) == end)
            return true;
    }
    return false;
}

constexpr void check_methods(std::string_view route) {
    std::string_view methods = route.substr(0, route.find('/'));
    while (!methods.empty()) {
        std::string_view method = methods.substr(0, methods.find(' '));
        if (method != "GET" && method != "POST" && method != "PUT" && method != "PATCH" && method != "DELETE")
            throw "A route begins with GET, POST, PUT, PATCH or DELETE.";
        methods.remove_prefix(std::min(method.size() + 1, methods.size()));
    }
}

/// The names that the library itself gives to every statement: no field of a body has one, or what a client sends would
/// take its place; a field `body` is in :body.
constexpr bool is_given_by_library(std::string_view name) {
    return name == "body" || name == "if_match" || name == "ip" || name == "user_agent" || name == "key" ||
           name == "base_url" || name == "media_expires";
}

/// What it gives to the statements of an upload.
constexpr bool is_of_file(std::string_view name) {
    return name == "file_sha256" || name == "file_size" || name == "file_type" || name == "quota";
}

/// How many of them are true.
template <class Which>
constexpr std::size_t count(const Which& which) {
    return static_cast<std::size_t>(std::count(which.begin(), which.end(), true));
}

/// Refuses methods and paths that could not be served.
constexpr void check_routes(const Form& form) {
    check_methods(form.route);
    const std::string_view path = path_of(form.route);
    const bool is_public = path.substr(0, 8) == "/api/v1/" || path.substr(0, 7) == "/media/";
    if (form.local && is_public) throw "What is .local has no path in the API.";
    if (!form.local && !is_public) throw "The path of a .route begins with /api/v1/ or /media/; others go to .also.";
    for (std::string_view route : form.also) {
        check_methods(route);
        for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
            if (!has_parameter(path_of(route), path.substr(open + 1, path.find('}', open) - open - 1)))
                throw "A route of .also lacks a parameter of .route.";
    }
}

/// Refuses a rule that nobody could break, or that could not say so.
constexpr void check_rule(const Form& form, const Rule& rule) {
    const bool is_thrown = rule.when.empty() && (form.run || form.prepare);
    if (rule.when.empty() && !is_thrown && rule.status != 409 && rule.status != 404)
        throw "A rule without .when is a 409, of a constraint, or a 404, or thrown by .run.";
    if (!rule.field.empty() && !rule.names.empty()) throw "A rule that names a field says no other name.";
    if (!is_thrown && contains(rule.detail, "{}") == rule.names.empty())
        throw "A rule has .names where its sentence has {}.";
    if (!rule.field.empty() && rule.status != 400) throw "Only a rule of status 400 names a field.";
    if (!is_thrown && rule.status != 403 && rule.status != 409 && rule.status != 400 && rule.status != 404)
        throw "The status of a rule is 400, 403, 404 or 409.";
    if (rule.detail.empty() || rule.code.empty()) throw "A rule needs a code and a sentence.";
}

/// The fields of a form's body: their names, and which of them are lists and files.
template <class Names, class Which>
struct Fields {
    const Names& names;
    const Which& lists;
    const Which& files;
};

/// Refuses what does not go together: facts of a list at an endpoint of one row, a change without a row.
template <class Names, class Which>
constexpr void check_facts(const Form& form, const Fields<Names, Which>& fields, bool is_page, bool is_plain) {
    const std::string_view path = path_of(form.route);
    const bool is_post = form.route.substr(0, 5) == "POST ", is_get = form.route.substr(0, 4) == "GET ";
    const bool names_a_row = !form.row.empty() || (form.object && has_parameter(path, form.object->name, "_id"));
    if (!form.object && form.sql.empty() && !form.run) throw "A form needs an .object, .sql or .run.";
    if (form.object && form.sql.empty() && !names_a_row && !is_post && !is_page && !form.run)
        throw "The plain verb needs a row: {<name>_id} in the path, or .row.";
    if (form.of && !is_page && (!is_post || names_a_row)) throw "Only a creation or a list is .of another object.";
    if (form.of && !has_parameter(path, form.of->name, "_id") &&
        std::none_of(fields.names.begin(), fields.names.end(),
                     [&](std::string_view field) { return field == form.of->name; }))
        throw "What a form is .of stands in the path, as {<name>_id}, or in the body.";
    if (!form.fills.empty() && (!is_plain || form.route.substr(0, 7) == "DELETE "))
        throw "Only a plain creation or change has .fills.";
    for (const Rule& rule : form.rules)
        if (!rule.when.empty() && (is_get || form.permissions[0] == anyone))
            throw "Only what changes something for a caller has .rules.";
    if (is_page && !form.object) throw "A list needs an .object.";
    if (!is_page && !form.choices.empty()) throw "Only a list has .choices.";
    if (!form.queries.empty() && !form.run && !form.prepare) throw "Without .prepare or .run nobody sends .queries.";
    if (form.object && form.object->visible.empty()) throw "An object needs at least one way to see it.";
    if (!form.sql.empty() && !contains(form.sql, "answer as") && !is_plain)
        throw "The .sql of a form has a part `answer as (…)`.";
    if (!form.sql.empty() && form.permissions[0] != anyone && !contains(form.sql, "granted") &&
        !(is_plain && contains(form.sql, "answer")))
        throw "The .sql of a form joins `granted`: a row that is not joined with it is open to everybody.";
    for (std::string_view field : fields.names)
        if (field != "body" && (is_given_by_library(field) || (is_of_file(field) && count(fields.files) > 0)))
            throw "A field of the body has a name that the library gives to every statement.";
    const std::size_t files = count(fields.files);
    if (files > 1) throw "An upload is one file.";
    if (files > 0 && !is_post && form.route.substr(0, 4) != "PUT ") throw "Only POST and PUT take a file.";
    if (files == 0 && form.largest > 0) throw "Only the form of an upload says how large a file may be.";
}

/// Refuses SQL that reads what there is not, and fields of the body that no SQL reads.
template <class Names, class Which>
constexpr void check_sql(const Form& form, const Fields<Names, Which>& fields, bool is_plain) {
    const bool is_upload = count(fields.files) > 0;
    bool file_is_read = !is_upload || form.prepare || form.run;
    bool body_is_read = form.sql.empty() || is_plain;
    bool read[32]{};
    auto name_is_known = [&](std::string_view name) {
        if (name == "body") body_is_read = true;
        if (is_upload && name == "file_sha256") file_is_read = true;
        if (is_upload && is_of_file(name)) return true;
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (fields.names[i] == name) {
                if (fields.files[i])
                    throw "A file is no parameter: the SQL has :file_sha256, :file_size and :file_type.";
                return read[i] = true;
            }
        for (std::string_view with : form.with)
            if (with == name) return true;
        return is_given_by_library(name) || has_parameter(path_of(form.route), name);
    };
    auto look = [&](std::string_view sql) {
        scan(
            sql,
            [&](std::string_view name) {
                if (!name_is_known(name))
                    throw "A :name in the SQL is neither in the path, nor a field of the body, nor in .with.";
            },
            [](std::string_view code) {
                if (!is_permission(code)) throw "A may(code) in the SQL is not in lib/schema/permissions.hpp.";
            },
            [](char) {});
    };
    for (std::string_view sql : {form.sql, form.lock, form.where, form.row}) look(sql);
    for (const Choice& choice : form.choices) look(choice.where);
    for (const Computed& computed : form.computed) look(computed.sql);
    for (const Rule& rule : form.rules) look(rule.when), look(rule.names);
    for (const Fill& fill : form.fills) look(fill.sql);
    if (!file_is_read) throw "The SQL of an upload reads :file_sha256: without it the file is not found again.";
    if (form.object) {
        for (std::string_view way : form.object->visible) look(way);
        for (const Computed& computed : form.object->computed) look(computed.sql);
    }
    for (std::size_t i = 0; i < fields.names.size(); ++i)
        if (fields.lists[i] && !read[i] && !contains(form.sql, "answer as") && is_plain)
            throw "A list in the body is no column: the .sql or .fills of the form must read it.";
    if (!body_is_read && !form.run)
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (!read[i] && !fields.files[i]) throw "A field of the body is never read by the SQL.";
}

/// Refuses a form that could not work.
template <class Names, class Which>
constexpr void check(const Form& form, const Fields<Names, Which>& fields, bool is_page) {
    if (form.route.empty()) throw "A form needs a .route.";
    if (form.summary.empty()) throw "A form needs a .summary: a sentence for the documentation.";
    if (form.permissions.empty()) throw "A form needs .permissions: caller, anyone or the code of a permission.";
    for (std::string_view code : form.permissions)
        if (code != caller && code != anyone && !is_permission(code))
            throw "A permission of the form is not in lib/schema/permissions.hpp.";
    check_routes(form);
    // the library writes its work
    const bool is_plain =
        form.object && !contains(form.sql, "answer as") && form.route.substr(0, 4) != "GET " && !is_page;
    check_facts(form, fields, is_page, is_plain);
    check_sql(form, fields, is_plain);
    for (const Rule& rule : form.rules) check_rule(form, rule);
}

/// The same of the body's struct.
template <class In>
constexpr void check(const Form& form, bool is_page) {
    const auto names = member_names<In>();
    const auto lists = is_list<In>(), files = is_file<In>();
    check(form, Fields<decltype(names), decltype(lists)>{names, lists, files}, is_page);
}

}  // namespace forms

/// An endpoint: In is the body (None: no body), Out the answer (a struct, Page of one, or None: 204).
template <class In, class Out>
struct Endpoint {
    Form form;
    consteval Endpoint(const Form& f) : form(f) {
        forms::check<In>(form, is_page);
        if (forms::count(is_file<Out>()) > 0) throw "A file is part of bodies alone; answers have its URL.";
    }
    static constexpr bool is_page = false;
    using Item = Out;
};
template <class In, class T>
struct Endpoint<In, Page<T>> {
    Form form;
    consteval Endpoint(const Form& f) : form(f) { forms::check<In>(form, is_page); }
    static constexpr bool is_page = true;
    using Item = T;
};

/// An endpoint without its types: what the library works with while the program runs.
struct Operation {
    Form form;
    Shape in;
    Shape out;
    bool is_page = false;
    bool has_body = false;
    /// Of an upload: read_upload(). A pointer, so that what it needs is linked to handlers of uploads alone.
    decltype(&read_upload) receive = nullptr;
    std::string_view in_name = "";  ///< what C++ calls the body and the answer: the documentation calls them so too
    std::string_view out_name = "";
};

/// The operation of an endpoint.
template <class In, class Out>
Operation operation_of(const Endpoint<In, Out>& endpoint) {
    using Item = typename Endpoint<In, Out>::Item;
    decltype(&read_upload) receive = nullptr;
    if constexpr (forms::count(is_file<In>()) > 0) receive = read_upload;
    return {endpoint.form, shape_of<In>(), shape_of<Item>(), endpoint.is_page, !std::is_same_v<In, None>,
            receive,       name_of<In>(),  name_of<Item>()};
}

}  // namespace api
