// One operation's statement, part by part: what statement.cpp (one row) and list.cpp (pages) put together.
#pragma once
#include "sql/statement.hpp"

namespace api {

/// The parts of one operation's statement. Data-modifying parts must be top-level, so texts are spliced, not nested.
struct Splice {
    const Operation& op;
    const Form& form = op.form;
    ObjectRef object = form.object;
    ObjectRef of = form.of;
    bool open = form.permissions[0] == anyone;
    bool writes = form.route.substr(0, 4) != "GET ";
    bool in_path = static_cast<bool>(object) &&
                   forms::has_parameter(forms::path_of(form.route), std::string(object->name) + "_id");
    bool of_in_path =
        static_cast<bool>(of) && forms::has_parameter(forms::path_of(form.route), std::string(of->name) + "_id");
    bool names_a_row = in_path || !form.row.empty();
    bool is_plain = static_cast<bool>(object) && !has_part(form.sql, "answer");
    bool creates = is_plain && !names_a_row && form.route.substr(0, 5) == "POST ";
    bool has_references =
        op.has_body && is_plain && !creates &&
        std::any_of(op.in.begin(), op.in.end(), [](const Member& m) { return m.reference && !m.read_only; });
    std::string table = object ? std::string(object->table) : std::string();

    /// Whether an Idempotency-Key is of use: what the login family answers must not be stored.
    bool takes_key() const {
        return form.route.starts_with("POST ") && !open && !forms::path_of(form.route).starts_with("/api/v1/auth/");
    }
    /// Whether the caller may say which version of the row is meant.
    bool takes_if_match() const { return writes && names_a_row && !open; }

    /// Whether the SQL has a part of this name: `name as (`.
    static bool has_part(std::string_view sql, std::string_view name);

    /// All SQL of which the statement is made, from the form and its objects.
    std::vector<std::string_view> texts() const;
    /// Every permission that the statement asks the caller's part for.
    std::vector<std::string> codes() const;
    bool speaks_of(std::string_view what) const;

    // -- the caller
    std::string me() const;
    /// The permission that is asked for as a column of me; empty where every caller may.
    std::string asked() const;
    /// The caller is who it says and holds the permission: the condition under which anything is looked at.
    std::string alive() const;
    /// The cases of 401 and 403, without the end of the `case`.
    std::string caller_refusal() const;

    // -- what may be seen
    /// All ways to see a row: the object's own, then those to see what it is attached to.
    std::vector<std::string> ways() const;
    std::string visible(std::string_view also = "") const;
    /// The condition that a row of another object, as `it`, may be seen.
    static std::string visible(const Object& other, std::string_view also = "");
    /// The fields of `given` that refer to nothing that the caller may see, as one refusal; null where there are none.
    std::string no_such() const;
    std::string referred() const;
    /// The row that the form is `.of`, in its newest state; locked where something is made of it.
    std::string parent() const;
    /// The row that the path or the form names, if the caller may see it.
    std::string named_row() const;

    // -- deciding and working
    /// Which rule forbids the work: bad input, what is forbidden, 412, conflicts. Evaluated anew on the newest row
    /// after a lock was waited for; hence `given` is a scalar subquery over `it`: a joined function would keep its old
    /// result.
    std::string refusal(bool row) const;
    std::string seen() const;
    std::string granted() const;
    /// The members of the body that are columns the caller may set.
    std::vector<std::string> settable() const;
    std::string answer() const;
    /// The answer's columns, of the row `it`.
    std::string columns(const Shape& shape) const;

    /// The statement of a form that is no list.
    std::string whole() const;

    // -- lists (list.cpp)
    /// One limited branch per way to see, each without the rows of those before it: an OR would read the whole table.
    std::vector<std::string> branches(std::string_view columns, const std::vector<std::string>& conditions,
                                      std::string_view tail) const;
    /// The part that counts: exactly, or until it is clear that there are more than anybody is told.
    std::string total(const PageQuery& query, std::string_view only) const;
    /// The statement of a page.
    std::string page(const PageQuery& query) const;
};

/// A name as SQL writes it, whatever else it means.
inline std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }
std::string joined(const std::vector<std::string>& parts, std::string_view between);

}  // namespace api
