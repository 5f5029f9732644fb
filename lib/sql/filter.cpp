// Turns filters into SQL conditions. The values are parameters, and the compared expressions have indexes.
#include "sql/filter.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/unicode.hpp"
#include "schema/fields.hpp"

namespace api {

namespace {

constexpr std::string_view unknown_parameter = "Unknown query parameter.";

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

/// A pattern for ILIKE that finds the text at any position.
std::string pattern_of(std::string_view text) {
    std::string pattern = "%";
    for (char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

/// The words of a text: what spaces separate, each word once. The space of Japanese is one, too.
std::vector<std::string> words_of(std::string text) {
    for (std::string_view space : {"\xe3\x80\x80", "\xc2\xa0", "\t", "\n", "\r", "\f", "\v"})
        for (auto at = text.find(space); at != text.npos; at = text.find(space, at))
            text.replace(at, space.size(), " ");
    std::vector<std::string> words;
    for (std::string_view word : split(text, " "))
        if (!word.empty() && std::ranges::find(words, word) == words.end()) words.emplace_back(word);
    return words;
}

/// The condition that a folded text has all sought words. (The casts make one value of a subselect, which is computed
/// once, instead of a set of rows.)
constexpr std::string_view has_words =
    "texts.folded like all ((select patterns from sought)::text[])"
    " and texts.folded ~ all ((select long_words from sought)::text[])";

/// The values that the text of a filter means: one value, or those of a group. If the text is not valid, the result is
/// empty and `wrong` says why.
std::vector<std::string> values_of(const Member& member, std::string_view text, std::string& wrong) {
    for (const auto& [name, values] : member.groups)
        if (text == name) {
            const auto parts = split(values, ",");
            return {parts.begin(), parts.end()};
        }
    json::value value(text);
    wrong = member.check(value, Source::text);
    return wrong.empty() ? std::vector<std::string>{text_of(value)} : std::vector<std::string>{};
}

std::string check_part(std::string_view text) {
    const auto length = unicode::length(text).value_or(0);
    return length < 3 || length > 256 ? "Ensure this value has 3 to 256 characters." : "";
}

}  // namespace

std::vector<std::string_view> ways_of(const Member& member) {
    std::vector<std::string_view> ways{"in"};
    if (!member.is_text && !member.is_choice && !member.is_id) ways.insert(ways.end(), {"gte", "lte"});
    if (member.nullable) ways.emplace_back("isnull");
    return ways;
}

void Filters::read(const std::string& name, const std::string& text) {
    if (read_choice(name, text)) return;
    const std::size_t mark = name.find("__");
    const std::string base = name.substr(0, mark), way = mark == name.npos ? "" : name.substr(mark + 2);
    const Member* member = find_member(op_.answer, base);
    std::string wrong(unknown_parameter);
    if (is_offered(base) && base == "search" && mark == name.npos)
        wrong = search(text, "filter." + name);
    else if (is_offered(base) && member && base != "search")
        if (const auto ways = ways_of(*member); mark == name.npos || std::ranges::find(ways, way) != ways.end())
            wrong = by_member(*member, way, name, text);
    if (!wrong.empty()) errors_[name].push_back(std::move(wrong));
}

bool Filters::is_offered(std::string_view name) const {
    const auto& filters = op_.spec.filters;
    return std::ranges::find(filters, name) != filters.end();
}

bool Filters::read_choice(const std::string& name, const std::string& text) {
    std::vector<std::string_view> values;
    for (const Choice& choice : op_.spec.choices) {
        if (choice.parameter != name) continue;
        if (choice.value == text) {
            query_.conditions.push_back("(" + std::string(choice.where) + ")");
            return true;
        }
        values.push_back(choice.value);
    }
    if (values.empty()) return false;
    errors_[name].push_back("Not a valid choice. Use one of: " + join(values, ", ") + ".");
    return true;
}

/// Each word that the index helps to find is a condition of its own. A single letter is at the beginning of some word
/// in most rows; so it is only compared.
std::string Filters::search(const std::string& text, const std::string& parameter) {
    constexpr std::size_t most_words = 16;
    const std::vector<std::string> words = words_of(text);
    const auto is_word = [](const std::string& word) { return unicode::length(word).value_or(0) > 1; };
    if (unicode::length(text).value_or(0) > 256 || std::ranges::none_of(words, is_word))
        return "Ensure this value has 2 to 256 characters.";
    if (words.size() > most_words) return "At most " + std::to_string(most_words) + " words.";
    const Searched& searched = op_.spec.resource->searched;
    PageQuery::TextFilter filter;
    filter.is_exact = true;
    if (searched.texts.empty()) {
        std::string columns;
        for (std::string_view column : searched.columns) columns += ", it." + sql_text::quoted(column);
        filter.walked =
            "(select " + std::string(has_words) + " from fold(concat_ws(' '" + columns + ")) texts (folded))";
    } else {
        filter.walked = "(select " + std::string(has_words) + " from " + std::string(searched.texts) +
                        " texts where texts.id = it.id)";
        for (std::size_t i = 0; i < words.size(); ++i)
            if (is_word(words[i]))
                filter.found += "texts.folded like (select patterns[" + std::to_string(i + 1) + "] from sought) and ";
        filter.found += has_words;
    }
    query_.texts.push_back(std::move(filter));
    query_.sought.push_back("fold_words(:" + parameter + ")");
    values_[parameter] = join(words, " ");
    return {};
}

std::string Filters::by_member(const Member& member, std::string_view way, const std::string& name,
                               const std::string& text) {
    // The planner can estimate an equal id or number without its value. A choice is part of the statement, and so is
    // null. All other filters need the value.
    if (!member.is_choice && way != "isnull" && (!way.empty() || member.is_time)) query_.has_custom_plan = true;
    const ByMember by{member, text, "filter." + name, "it." + sql_text::quoted(member.name),
                      member.nullable && member.is_time};
    if (way.empty()) return equal(by);
    if (way == "in") return any_of(by);
    if (way == "gte") return compare(by, " >= ", "'-infinity'");
    if (way == "lte") return compare(by, " <= ", "'infinity'");
    return is_null(by);
}

std::string Filters::ByMember::key(std::string_view infinity) const {
    return null_is_infinity ? "coalesce(" + column + ", " + std::string(infinity) + ")" : column;
}

std::string Filters::equals(const std::string& key, const std::vector<std::string>& values,
                            const std::string& parameter) {
    // an index returns rows in order if they equal one value, but not if they equal one of several values
    values_[parameter] = values.size() == 1 ? values[0] : array_of(values);
    return key + (values.size() == 1 ? " = :" + parameter : " = any (:" + parameter + ")");
}

/// A choice has few values, and how many rows have one differs a lot between them: most tasks are complete, few are
/// open. So each value is a statement of its own, which is planned once and knows its value. That also lets it use a
/// partial index, such as one over open tasks. The values come from the declaration of the choice, not from the client.
std::string Filters::equals_choice(const std::string& column, std::vector<std::string> values) {
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    for (std::string& value : values) value = sql_text::literal(value);
    return column + (values.size() == 1 ? " = " + values[0] : " in (" + join(values, ", ") + ")");
}

/// The words of the member are among those that have an index, which finds the rows. Whether this member contains the
/// text is then compared, in a text that is short.
std::string Filters::has_part(const ByMember& by) {
    if (std::string wrong = check_part(by.text); !wrong.empty()) return wrong;
    std::string condition = by.column + " ilike :" + by.parameter;
    values_[by.parameter] = pattern_of(by.text);
    const Searched& searched = op_.spec.resource->searched;
    if (std::ranges::find(searched.columns, by.member.name) == searched.columns.end() || searched.texts.empty()) {
        query_.searches = query_.has_custom_plan = true;
        query_.conditions.push_back(std::move(condition));
        return {};
    }
    const std::string sought = sql_text::quoted("part of " + by.member.name), part = by.parameter + ".part";
    query_.texts.push_back({std::move(condition), "texts.folded like (select " + sought + " from sought)"});
    query_.sought.push_back("fold_part(:" + part + ") " + sought);
    values_[part] = by.text;
    return {};
}

std::string Filters::equal(const ByMember& by) {
    std::string wrong;
    if (by.member.is_text) return has_part(by);
    if (!by.member.is_choice) return compare(by, " = ", "'infinity'");
    const std::vector<std::string> values = values_of(by.member, by.text, wrong);
    if (wrong.empty()) query_.conditions.push_back(equals_choice(by.column, values));
    return wrong;
}

std::string Filters::compare(const ByMember& by, std::string_view sign, std::string_view infinity) {
    std::string wrong;
    const std::vector<std::string> values = values_of(by.member, by.text, wrong);
    if (!wrong.empty()) return wrong;
    values_[by.parameter] = values[0];
    query_.conditions.push_back(by.key(infinity) + std::string(sign) + ":" + by.parameter);
    return {};
}

std::string Filters::any_of(const ByMember& by) {
    std::vector<std::string> all;
    std::string wrong;
    for (std::string_view part : split(by.text, ",")) {
        const auto values = values_of(by.member, part, wrong);
        if (!wrong.empty()) return wrong;
        all.insert(all.end(), values.begin(), values.end());
    }
    if (all.size() > max_json_items) return "At most " + std::to_string(max_json_items) + " values.";
    query_.conditions.push_back(by.member.is_choice ? equals_choice(by.column, std::move(all))
                                                    : equals(by.key("'infinity'"), all, by.parameter));
    return {};
}

std::string Filters::is_null(const ByMember& by) {
    json::value value(by.text);
    if (std::string wrong = types::check_boolean(value, Source::text); !wrong.empty()) return wrong;
    if (by.null_is_infinity)
        query_.conditions.push_back(by.key("'infinity'") + (value.get_bool() ? " = 'infinity'" : " < 'infinity'"));
    else
        query_.conditions.push_back(by.column + (value.get_bool() ? " is null" : " is not null"));
    return {};
}

}  // namespace api
