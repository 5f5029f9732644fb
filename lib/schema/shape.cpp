// Builds the JSON Schema of a shape.
#include "schema/shape.hpp"

#include <algorithm>

namespace api {

const Member* find_member(const Shape& shape, std::string_view name) {
    auto found = std::ranges::find_if(shape, [&](const Member& member) { return member.name == name; });
    return found == shape.end() ? nullptr : &*found;
}

json::object schema_of(const Shape& shape, Side side) {
    json::object properties;
    json::array required;
    for (const Member& member : shape) {
        const bool is_answer = side == Side::answer;
        if (is_answer ? member.is_secret : member.read_only || !member.nested.empty()) continue;
        json::object schema = member.nested.empty() ? member.schema() : schema_of(member.nested, side);
        if (!member.item.empty()) {
            schema["items"] = schema_of(member.item, is_answer ? side : Side::body);
            if (is_answer) schema.erase("maxItems");  // the limit applies only to input
        }
        if (member.nullable || (!is_answer && member.is_clearable())) {
            schema["type"] = json::array{schema["type"], "null"};
            if (json::value* choices = schema.if_contains("enum")) choices->as_array().push_back(nullptr);
        }
        if (!is_answer && !member.initial.is_null() && !member.required && !member.always_required)
            schema["default"] = member.initial;
        properties[member.name] = std::move(schema);
        if (is_answer || member.always_required || (member.required && side == Side::body))
            required.emplace_back(member.name);
    }
    json::object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

}  // namespace api
