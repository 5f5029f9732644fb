// The schema of a shape.
#include "shape.hpp"

namespace api {

json::object schema_of(const Shape& shape) {
    json::object properties;
    json::array required;
    for (const Member& member : shape) {
        json::object schema = member.nested.empty() ? member.schema : schema_of(member.nested);
        if (member.nullable) schema["type"] = json::array{schema["type"], "null"};
        if (member.read_only) schema["readOnly"] = true;
        if (!member.initial.is_null() && !member.required && !member.read_only && !member.always_required)
            schema["default"] = member.initial;
        properties[member.name] = std::move(schema);
        if (member.required || member.always_required) required.emplace_back(member.name);
    }
    json::object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

}  // namespace api
