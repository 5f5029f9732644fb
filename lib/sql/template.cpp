// Fills the holes of a template, line by line.
#include "sql/template.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"

namespace api {

namespace {

const std::string& value_of(std::initializer_list<Hole> holes, std::string_view name) {
    const auto* found = std::ranges::find_if(holes, [&](const Hole& hole) { return hole.first == name; });
    if (found == holes.end()) throw std::logic_error("no value for the hole {" + std::string(name) + "} of a template");
    return found->second;
}

/// Appends a value; the lines after its first begin at this column.
void append(std::string& out, std::string_view value, std::size_t column) {
    for (char c : value) {
        out += c;
        if (c == '\n') out.append(column, ' ');
    }
}

/// Fills one line. Returns false if the line has only holes and all of them are empty.
bool fill_line(std::string& out, std::string_view line, std::initializer_list<Hole> holes) {
    const std::size_t begin = out.size();
    bool has_text = false, has_hole = false;
    while (!line.empty()) {
        const std::size_t open = line.find('{'), close = line.find('}', open);
        const std::string_view before = line.substr(0, open);
        has_text = has_text || before.find_first_not_of(' ') != before.npos;
        out += before;
        if (open == line.npos) break;
        if (close == line.npos) throw std::logic_error("a hole of a template is not closed");
        const std::string& value = value_of(holes, line.substr(open + 1, close - open - 1));
        has_hole = true;
        has_text = has_text || !value.empty();
        // the column at which the hole begins, on the last line so far
        const std::size_t last = out.rfind('\n') == out.npos ? 0 : out.rfind('\n') + 1;
        append(out, value, out.size() - std::max(last, begin));
        line.remove_prefix(close + 1);
    }
    if (has_text || !has_hole) return true;
    out.resize(begin);
    return false;
}

}  // namespace

std::string fill(std::string_view text, std::initializer_list<Hole> holes) {
    if (text.starts_with('\n')) text.remove_prefix(1);
    std::string out;
    bool is_first = true;
    while (true) {
        const std::size_t end = text.find('\n');
        std::string line;
        if (fill_line(line, text.substr(0, end), holes)) {
            if (!is_first) out += '\n';
            out += line;
            is_first = false;
        }
        if (end == text.npos) return out;
        text.remove_prefix(end + 1);
    }
}

std::string dedented(std::string_view text) {
    const bool has_first = !text.starts_with('\n');
    if (!has_first) text.remove_prefix(1);
    const std::vector<std::string_view> lines = split(text, "\n");
    std::size_t indentation = std::string_view::npos;
    for (std::size_t i = has_first ? 1 : 0; i < lines.size(); ++i)
        indentation = std::min(indentation, lines[i].find_first_not_of(' '));
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) out += '\n';
        out += i == 0 && has_first ? lines[i] : lines[i].substr(std::min(indentation, lines[i].size()));
    }
    return out;
}

}  // namespace api
