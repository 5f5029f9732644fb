// Writes cells and lines of CSV.
#include "http/csv.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

namespace api::csv {

namespace {

/// Writes a text as a cell. A spreadsheet treats a cell that begins with = + - @, a tab or a line break as a formula
/// (OWASP, CSV injection). An apostrophe as the first character makes it a text.
void write_text(std::string& out, std::string_view text) {
    const bool formula = !text.empty() && std::strchr("=+-@\t\r\n", text.front()) != nullptr;
    if (!formula && text.find_first_of(",\"\r\n") == text.npos) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

void write_names(std::string& out, const Shape& shape, const std::string& before) {
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            write_names(out, member.nested, before + member.name + ".");
            continue;
        }
        if (!out.empty()) out += ',';
        out += before + member.name;
    }
}

}  // namespace

void write_cell(std::string& out, std::string_view json_text) {
    if (!json_text.starts_with('"')) {
        if (json_text.starts_with('[') || json_text.starts_with('{'))
            write_text(out, json_text);
        else
            out += json_text;
        return;
    }
    if (json_text.find('\\') == json_text.npos)
        write_text(out, json_text.substr(1, json_text.size() - 2));
    else
        write_text(out, std::string_view(json::parse(json_text).as_string()));
}

std::string lists(const Shape& shape, const std::vector<std::string_view>& columns) {
    std::vector<std::string> names;
    for (const Member& list : shape)
        for (const Member& member : list.item)
            if (std::ranges::find(names, member.name) == names.end()) names.push_back(member.name);
    std::string out = "list";
    for (const std::string& name : names) out += ',' + name;
    out += "\r\n";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const json::value items = columns[i].empty() ? json::array() : json::parse(columns[i]);
        for (const json::value& item : items.as_array()) {
            out += shape[i].name;
            for (const std::string& name : names) {
                out += ',';
                const json::value* cell = item.as_object().if_contains(name);
                if (cell && !cell->is_null()) write_cell(out, json::serialize(*cell));
            }
            out += "\r\n";
        }
    }
    return out;
}

std::string header(const Shape& shape) {
    std::string line;
    write_names(line, shape, "");
    return line + "\r\n";
}

}  // namespace api::csv
