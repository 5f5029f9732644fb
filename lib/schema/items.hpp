// Lists of small objects as one field: an array in a body, a jsonb in the database.
#pragma once
#include "schema/fields.hpp"

namespace api {

/// At most 100 objects of the described struct T, each checked like a body; a form contains them as JSON text.
template <class T>
struct Items {
    using Item = T;
    std::vector<T> value;
};

namespace types {
inline constexpr std::size_t most_items = 100;
/// Checks each item; an error has the number of the item and the name of its field.
std::string check_items(json::value& value, Source source, const Shape& item);
}  // namespace types

template <class T>
inline constexpr std::string_view sql_type<Items<T>> = "jsonb";

template <class T>
struct Type<Items<T>> {
    static json::object schema() {
        return {{"type", "array"}, {"maxItems", types::most_items}};  // schema_of() adds the schema of the items
    }
    static std::string check(json::value& v, Source s) {
        static const Shape item = shape_of<T>();
        return types::check_items(v, s, item);
    }
    static Items<T> load(const json::value& v) {
        Items<T> items;
        for (const json::value& item : v.as_array()) items.value.push_back(api::load<T>(item.as_object()));
        return items;
    }
    static json::value dump(const Items<T>& t) {
        json::array items;
        for (const T& item : t.value) items.push_back(api::dump(item));
        return items;
    }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};

}  // namespace api
