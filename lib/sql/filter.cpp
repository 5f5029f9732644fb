// Filters as conditions of SQL: the values are parameters, and what is compared has an index.
#include "sql/filter.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "http/input.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

/// A PostgreSQL array of texts.
std::string array_of(const std::vector<std::string>& values) {
    std::string array = "{";
    for (const std::string& value : values) {
        array += array.size() > 1 ? ",\"" : "\"";
        for (char c : value) {
            if (c == '"' || c == '\\') array += '\\';
            array += c;
        }
        array += '"';
    }
    return array + "}";
}

/// A pattern for ILIKE that finds the text anywhere.
std::string pattern_of(std::string_view text) {
    std::string pattern = "%";
    for (char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

/// The longest number or code in a text, such as 500001 or SN12345; empty where there is none of five characters.
std::string_view code_in(std::string_view text) {
    constexpr std::string_view digits = "0123456789", others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    auto is_part = [&](char c) { return digits.find(c) != digits.npos || others.find(c) != others.npos; };
    std::string_view longest;
    for (auto from = text.begin(); from != text.end();) {
        from = std::find_if(from, text.end(), is_part);
        auto to = std::find_if_not(from, text.end(), is_part);
        std::string_view word(from, to);
        if (word.size() >= 5 && word.size() > longest.size() && word.find_first_of(digits) != word.npos) longest = word;
        from = to;
    }
    return longest;
}

/// The values that a filter's text stands for: one, or those of a group. Empty, with wrong set, where it is no value.
std::vector<std::string> values_of(const Member& member, const std::string& text, std::string& wrong) {
    for (const auto& [name, values] : member.groups)
        if (text == name) return split(values);
    json::value value(text);
    wrong = member.check(value, Source::text);
    return wrong.empty() ? std::vector<std::string>{text_of(value)} : std::vector<std::string>{};
}

std::string check_part(std::string_view text) {
    auto length = unicode::length(text).value_or(0);
    return length < 3 || length > 256 ? "Ensure this value has 3 to 256 characters." : "";
}

}  // namespace

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        std::size_t comma = std::min(text.find(','), text.size());
        parts.emplace_back(text.substr(0, comma));
        if (comma == text.size()) return parts;
        text.remove_prefix(comma + 1);
    }
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::vector<std::string_view> ways_of(const Member& member) {
    std::vector<std::string_view> ways{"in"};
    if (!member.is_text && !member.is_choice && !member.is_id) ways.insert(ways.end(), {"gte", "lte"});
    if (member.nullable) ways.emplace_back("isnull");
    return ways;
}

void Filters::read(const std::string& name, const std::string& text) {
    if (!chooses(name, text)) by_member(name, text);
}

bool Filters::offers(std::string_view name) const {
    return std::any_of(op.form.filters.begin(), op.form.filters.end(), [&](std::string_view f) { return f == name; });
}

std::string Filters::searched() const { return "(" + std::string(op.form.object->searched) + ")"; }

/// That the text is a part of what is searched. The index takes a text for its trigrams and reads all rows of each,
/// so a number beside a common word is found by the number alone: at 1,000,000 tasks "task 500001" took it 16.4 ms,
/// "500001" 0.3 ms. The empty text that is appended keeps the index from the rest.
std::string Filters::found(const std::string& text, const std::string& parameter) {
    const std::string_view code = code_in(text);
    if (code.empty() || code == text) return searched() + " ilike :" + parameter;
    parameters[parameter + "_code"] = pattern_of(code);
    return searched() + " ilike :" + parameter + "_code and (" + searched() + " || '') ilike :" + parameter;
}

/// Whether it is one of the form's choices; its value is noted, or refused.
bool Filters::chooses(const std::string& name, const std::string& text) {
    std::string values;
    for (const Choice& choice : op.form.choices) {
        if (choice.parameter != name) continue;
        if (choice.value == text) {
            query.conditions.push_back("(" + std::string(choice.where) + ")");
            return true;
        }
        values += (values.empty() ? "" : ", ") + std::string(choice.value);
    }
    if (values.empty()) return false;
    errors[name].push_back("Not a valid choice. Use one of: " + values + ".");
    return true;
}

/// A condition on a member, with its value as a parameter of the filter's own name.
void Filters::by_member(const std::string& name, const std::string& text) {
    std::size_t mark = name.find("__");
    std::string base = name.substr(0, mark), way = mark == name.npos ? "" : name.substr(mark + 2);
    if (!offers(base)) return void(errors[name].push_back("Unknown query parameter."));
    const std::string parameter = "filter_" + name;
    std::string wrong, condition;
    if (base == "search") {
        if (mark != name.npos) return void(errors[name].push_back("Unknown query parameter."));
        wrong = check_part(text);
        condition = found(text, parameter);
        parameters[parameter] = pattern_of(text);
        query.searches = query.planned_anew = true;
    } else if (const Member* member = find_member(op.out, base)) {
        const auto ways = ways_of(*member);
        if (mark != name.npos && std::find(ways.begin(), ways.end(), way) == ways.end())
            return void(errors[name].push_back("Unknown query parameter."));
        const std::string column = "it.\"" + base + "\"";
        // how many rows an id or a number leaves can be guessed without it; of all others only the value tells
        query.planned_anew =
            query.planned_anew || !way.empty() || member->is_text || member->is_choice || member->is_time;
        // a day or moment that may be null has its indexes where null is infinity: that is on neither side of a
        // value
        const bool indexed = member->nullable && member->is_time;
        auto key = [&](const char* null = "'infinity'") {
            return indexed ? "coalesce(" + column + ", " + null + ")" : column;
        };
        auto compare = [&](const char* sign, const char* null = "'infinity'") {
            std::vector<std::string> values = values_of(*member, text, wrong);
            condition = key(null) + sign + ":" + parameter;
            if (wrong.empty()) parameters[parameter] = values[0];
        };
        if (way.empty() && member->is_text) {
            wrong = check_part(text);
            condition = column + " ilike :" + parameter;
            // what is in this member is in the text that is searched, which has the index
            if (forms::contains(op.form.object->searched, "it." + base))
                condition = found(text, parameter) + " and " + condition;
            parameters[parameter] = pattern_of(text);
            query.searches = true;
        } else if (way.empty() && member->is_choice) {
            std::vector<std::string> values = values_of(*member, text, wrong);
            // equal to one value, the rows of an index come in order; to one of several, they do not
            condition = column + (values.size() == 1 ? " = :" + parameter : " = any (:" + parameter + ")");
            if (wrong.empty()) parameters[parameter] = values.size() == 1 ? values[0] : array_of(values);
        } else if (way.empty()) {
            compare(" = ");
        } else if (way == "in") {
            std::vector<std::string> all;
            for (const std::string& part : split(text)) {
                auto values = values_of(*member, part, wrong);
                if (!wrong.empty()) break;
                all.insert(all.end(), values.begin(), values.end());
            }
            if (all.size() > max_json_items) wrong = "At most " + std::to_string(max_json_items) + " values.";
            // one value is an equal one: the rows of an index come in order
            condition = key() + (all.size() == 1 ? " = :" + parameter : " = any (:" + parameter + ")");
            parameters[parameter] = all.size() == 1 ? all[0] : array_of(all);
        } else if (way == "gte") {
            compare(" >= ", "'-infinity'");
        } else if (way == "lte") {
            compare(" <= ");
        } else {
            json::value value(text);
            wrong = types::check_boolean(value, Source::text);
            if (wrong.empty() && indexed)
                condition = key() + (value.get_bool() ? " = 'infinity'" : " < 'infinity'");
            else if (wrong.empty())
                condition = column + (value.get_bool() ? " is null" : " is not null");
        }
    }
    if (!wrong.empty())
        errors[name].push_back(wrong);
    else
        query.conditions.push_back(condition);
}

}  // namespace api
