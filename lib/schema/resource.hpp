// A kind of stored object: its table, who may see a row, and the members that an answer has in addition to the columns.
#pragma once
#include "schema/list.hpp"
#include "schema/types.hpp"

namespace api {

/// A member of an answer that is not a column but an SQL expression over `it` (the row) and `me` (the caller).
struct Computed {
    std::string_view member;
    std::string_view sql;
};

/// What the filter `search` searches.
struct Searched {
    List<std::string_view> columns = {};
    /// The table with the folded texts of the rows; `keep_texts()` of sql/functions/search.sql keeps it for the same
    /// columns. Empty: the texts are folded at each request, for tables of few rows.
    std::string_view texts = "";
    /// All users see a row in which one of these columns is not null. The words of these rows have an index of their
    /// own, so that the time of a search does not depend on the words of other rows.
    List<std::string_view> public_by = {};
};

struct Resource;

/// An attachment of a row to an object of another resource, whose id is in the column. A caller who can see that object
/// can also see the row.
struct Attachment {
    std::string_view column = "";
    const Resource* resource = nullptr;

    constexpr Attachment() = default;
    constexpr Attachment(std::string_view column, const Resource& resource) : column(column), resource(&resource) {}
};

/// A kind of stored object. In its SQL, `it` is the row and `me` the caller; `has_permission(code)` is true if the
/// caller has that permission.
struct Resource {
    std::string_view name;  ///< singular; `{<name>_id}` in a path is its id
    std::string_view table;
    std::string_view path;           ///< of the collection; the Location of a new object is this path and its id
    List<std::string_view> visible;  ///< conditions; a row is visible if one of them is true
    List<Computed, 20> computed = {};
    std::string_view referable = "";  ///< SQL: which visible rows a body may refer to; empty: all
    Searched searched = {};           ///< what the filter `search` searches
    List<Attachment> attached = {};   ///< objects that a row can be attached to; who sees one of them sees the row
    List<std::string_view> private_members = {};  ///< null in answers, unless private_to is true
    std::string_view private_to = "";             ///< SQL: whether the caller may see private_members
};

/// An optional reference to a resource. (Not a plain pointer: it would have to be compared with null at compile time,
/// which g++ 12 refuses under -fsanitize=undefined.)
class ResourceRef {
public:
    constexpr ResourceRef() = default;
    constexpr ResourceRef(const Resource& resource) : resource_(&resource), set_(true) {}
    explicit constexpr operator bool() const { return set_; }
    constexpr const Resource* operator->() const { return resource_; }
    constexpr const Resource& operator*() const { return *resource_; }

private:
    const Resource* resource_ = nullptr;
    bool set_ = false;
};

/// The id of a visible object of resource R. In a body, an object that does not exist and one that is not visible get
/// the same error on this field.
template <const Resource& R>
struct Reference {
    std::int64_t value = 0;
};
template <const Resource& R>
struct Type<Reference<R>> : Type<Id> {
    static Reference<R> load(const json::value& v) { return {v.as_int64()}; }
    static json::value dump(const Reference<R>& t) { return json::value(t.value); }
};

/// The ids of Min to Max different visible objects of resource R; a form field separates them by commas. Like Names it
/// has no column; objects that do not exist or are not visible get the same error as in a Reference.
template <const Resource& R, std::size_t Min, std::size_t Max>
struct References {
    std::vector<std::int64_t> value;
};
template <const Resource& R, std::size_t Min, std::size_t Max>
struct Type<References<R, Min, Max>> {
    static json::object schema() {
        return {{"type", "array"},
                {"items", Type<Id>::schema()},
                {"minItems", Min},
                {"maxItems", Max},
                {"uniqueItems", true}};
    }
    static std::string check(json::value& v, Source s) { return types::check_ids(v, s, Min, Max); }
    static References<R, Min, Max> load(const json::value& v) { return {json::value_to<std::vector<std::int64_t>>(v)}; }
    static json::value dump(const References<R, Min, Max>& t) { return json::value_from(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};

}  // namespace api
