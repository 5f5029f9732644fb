// What the database stores: a table, who may see a row of it, and what an answer shows beside its columns.
#pragma once
#include "schema/list.hpp"
#include "schema/types.hpp"

namespace api {

/// A member of an answer that is no column but an expression over `it` (the row) and `me` (the caller).
struct Computed {
    std::string_view member;
    std::string_view sql;
};

struct Resource;

/// That a row belongs to an object of another resource, whose id the column has: whoever sees that object sees the row.
struct Attachment {
    std::string_view column = "";
    const Resource* resource = nullptr;

    constexpr Attachment() = default;
    constexpr Attachment(std::string_view column, const Resource& resource) : column(column), resource(&resource) {}
};

/// A kind of stored object. In its SQL `it` is the row and `me` the caller; `has_permission(code)` is true where the
/// caller has that permission.
struct Resource {
    std::string_view name;  ///< singular; `{<name>_id}` in a path is its id
    std::string_view table;
    std::string_view path;           ///< of the collection: a new object's Location is this and its id
    List<std::string_view> visible;  ///< the ways to see a row; a row is visible where one of them holds
    List<Computed, 20> computed = {};
    std::string_view referable = "";  ///< what a body may point to, beside being visible; empty: every visible row
    std::string_view searched = "";   ///< the text that the filter `search` looks into
    List<Attachment> attached = {};   ///< what its rows may be attached to: more ways to see them
    List<std::string_view> private_members = {};  ///< null in answers, unless the caller may see them:
    std::string_view private_to = "";             ///< SQL: who may
};

/// The resource that an endpoint is about, if any. (A plain pointer would have to be compared with null at compile
/// time, which g++ 12 refuses under -fsanitize=undefined.)
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

/// The id of a visible object of resource R. In a body, absent and hidden ones are refused alike, on this field.
template <const Resource& R>
struct Reference {
    std::int64_t value = 0;
};
template <const Resource& R>
struct Type<Reference<R>> : Type<Id> {
    static Reference<R> load(const json::value& v) { return {v.as_int64()}; }
    static json::value dump(const Reference<R>& t) { return json::value(t.value); }
};

/// The ids of Min to Max visible objects of resource R, each once; a form field separates them by commas. No column, as
/// Names; absent and hidden objects are refused as those of a Reference are.
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
