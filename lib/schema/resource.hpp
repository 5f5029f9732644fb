// What the database stores: a table, who may see a row of it, and what an answer shows beside its columns.
#pragma once
#include <initializer_list>
#include <string_view>

#include "schema/types.hpp"

namespace api {

/// A list of at most N items that a constant can hold.
template <class T, std::size_t N = 8>
struct List {
    T items[N]{};
    std::size_t count = 0;

    constexpr List() = default;
    constexpr List(std::initializer_list<T> given) {
        if (given.size() > N) throw "A list in a form is longer than its type allows.";
        for (const T& item : given) items[count++] = item;
    }
    constexpr const T* begin() const { return items; }
    constexpr const T* end() const { return items + count; }
    constexpr bool empty() const { return count == 0; }
    constexpr std::size_t size() const { return count; }
    constexpr const T& operator[](std::size_t i) const { return items[i]; }
    constexpr List operator+(const List& more) const {
        if (count + more.count > N) throw "A list in a form is longer than its type allows.";
        List all = *this;
        for (const T& item : more) all.items[all.count++] = item;
        return all;
    }
};

/// A member of an answer that is no column but an expression over `it` (the row) and `me` (the caller).
struct Computed {
    std::string_view member;
    std::string_view sql;
};

struct Object;

/// That a row belongs to one of another object, which the column names: who sees that one sees the row.
struct Attachment {
    std::string_view column = "";
    const Object* object = nullptr;

    constexpr Attachment() = default;
    constexpr Attachment(std::string_view column, const Object& object) : column(column), object(&object) {}
};

/// A kind of stored object. In its SQL `it` is the row and `me` the caller; `may(code)` is true where the caller holds
/// that permission.
struct Object {
    std::string_view name;  ///< singular; `{<name>_id}` in a path is its id
    std::string_view table;
    std::string_view path;           ///< of the collection: a new object's Location is this and its id
    List<std::string_view> visible;  ///< the ways to see a row; a row is visible where one of them holds
    List<Computed, 20> computed = {};
    std::string_view referable = "";  ///< what a body may point to, beside being visible; empty: every visible row
    std::string_view searched = "";   ///< the text that the filter `search` looks into
    List<Attachment> attached = {};   ///< what its rows may be attached to: more ways to see them
};

/// Which object a form is about, if any. (A plain pointer would have to be compared with null at compile time, which
/// g++ 12 refuses under -fsanitize=undefined.)
class ObjectRef {
public:
    constexpr ObjectRef() = default;
    constexpr ObjectRef(const Object& object) : object_(&object), set_(true) {}
    explicit constexpr operator bool() const { return set_; }
    constexpr const Object* operator->() const { return object_; }
    constexpr const Object& operator*() const { return *object_; }

private:
    const Object* object_ = nullptr;
    bool set_ = false;
};

/// The id of a visible object of kind O. In a body, absent and hidden ones are refused alike, on this field.
template <const Object& O>
struct Reference {
    std::int64_t value = 0;
};
template <const Object& O>
struct Type<Reference<O>> : Type<Id> {
    static Reference<O> load(const json::value& v) { return {v.as_int64()}; }
    static json::value dump(const Reference<O>& t) { return json::value(t.value); }
};

/// The ids of Min to Max visible objects of kind O, each once; a form separates them by commas. No column, as Names;
/// absent and hidden objects are refused as those of a Reference are.
template <const Object& O, std::size_t Min, std::size_t Max>
struct References {
    std::vector<std::int64_t> value;
};
template <const Object& O, std::size_t Min, std::size_t Max>
struct Type<References<O, Min, Max>> {
    static json::object schema() {
        return {{"type", "array"},
                {"items", Type<Id>::schema()},
                {"minItems", Min},
                {"maxItems", Max},
                {"uniqueItems", true}};
    }
    static std::string check(json::value& v, Source s) { return types::check_ids(v, s, Min, Max); }
    static References<O, Min, Max> load(const json::value& v) { return {json::value_to<std::vector<std::int64_t>>(v)}; }
    static json::value dump(const References<O, Min, Max>& t) { return json::value_from(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};

}  // namespace api
