// Numbers the parameters of a statement and adds casts.
#include "sql/statement.hpp"

#include <algorithm>
#include <stdexcept>

namespace api {

std::string_view ParameterTypes::of(std::string_view parameter) const {
    if (!operation_ && !parameter.starts_with("system.")) return {};
    const ParameterName parts(parameter);
    const std::string_view group = parts.group, name = parts.name;
    if (group == "sent") return "boolean";
    if (group == "path") return name.ends_with("_id") ? "bigint" : "text";
    if (group == "body") {
        const Member* member = find_member(operation_->body, name);
        return member ? member->sql_type : std::string_view();
    }
    if (group == "extra") {
        const int index = index_of(operation_->spec.extra_params, name);
        return index < 0 ? std::string_view() : operation_->spec.extra_params[static_cast<std::size_t>(index)].type;
    }
    if (group == "system") {
        if (const int index = index_of(system_parameters, name); index >= 0) return system_parameters[index].type;
        if (const int index = index_of(file_parameters, name); index >= 0) return file_parameters[index].type;
    }
    return {};
}

Statement numbered(std::string_view sql, const ParameterTypes& types, bool has_caller) {
    Statement statement;
    try {
        sql_text::scan(
            sql,
            [&](std::string_view name) {
                const auto found = std::ranges::find(statement.names, name);
                const auto number = found - statement.names.begin() + 1;
                if (found == statement.names.end()) statement.names.emplace_back(name);
                statement.text += "$" + std::to_string(number);
                if (const std::string_view type = types.of(name); !type.empty()) {
                    statement.text += "::";
                    statement.text += type;
                }
            },
            [&](std::string_view code) { statement.text += has_caller ? "me." + sql_text::quoted(code) : "false"; },
            [&](char c) { statement.text += c; });
    } catch (const char* sentence) {  // the error that the compiler would report, for SQL that is built at run time
        throw std::logic_error(sentence);
    }
    return statement;
}

}  // namespace api
