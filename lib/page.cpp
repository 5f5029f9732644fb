// Filters, ordering and keyset cursors.
#include "page.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "crypto.hpp"
#include "csv.hpp"
#include "input.hpp"
#include "unicode.hpp"

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

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        std::size_t comma = std::min(text.find(','), text.size());
        parts.emplace_back(text.substr(0, comma));
        if (comma == text.size()) return parts;
        text.remove_prefix(comma + 1);
    }
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

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// What the null of a nullable member is in a cursor, as sort_key() has it.
const char* null_key(bool descending) { return descending ? "-infinity" : "infinity"; }

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

std::vector<std::string_view> ways_of(const Member& member) {
    std::vector<std::string_view> ways{"in"};
    if (!member.is_text && !member.is_choice && !member.is_id) ways.insert(ways.end(), {"gte", "lte"});
    if (member.nullable) ways.emplace_back("isnull");
    return ways;
}

namespace {

/// Reads a list's query string, one parameter after the other.
struct Reader {
    const Operation& op;
    Parameters& parameters;
    bool whole;  ///< all rows are asked for, not a page of them
    PageRequest page;
    Errors errors;

    bool offers(std::string_view name) const {
        return std::any_of(op.form.filters.begin(), op.form.filters.end(),
                           [&](std::string_view f) { return f == name; });
    }

    std::string searched() const { return "(" + std::string(op.form.object->searched) + ")"; }

    /// That the text is a part of what is searched. The index takes a text for its trigrams and reads all rows of each,
    /// so a number beside a common word is found by the number alone: at 1,000,000 tasks "task 500001" took it 16.4 ms,
    /// "500001" 0.3 ms. The empty text that is appended keeps the index from the rest.
    std::string found(const std::string& text, const std::string& parameter) {
        const std::string_view code = code_in(text);
        if (code.empty() || code == text) return searched() + " ilike :" + parameter;
        parameters[parameter + "_code"] = pattern_of(code);
        return searched() + " ilike :" + parameter + "_code and (" + searched() + " || '') ilike :" + parameter;
    }

    /// Whether it is one of the form's choices; its value is noted, or refused.
    bool chooses(const std::string& name, const std::string& text) {
        std::string values;
        for (const Choice& choice : op.form.choices) {
            if (choice.parameter != name) continue;
            if (choice.value == text) {
                page.query.conditions.push_back("(" + std::string(choice.where) + ")");
                return true;
            }
            values += (values.empty() ? "" : ", ") + std::string(choice.value);
        }
        if (values.empty()) return false;
        errors[name].push_back("Not a valid choice. Use one of: " + values + ".");
        return true;
    }

    /// A condition on a member, with its value as a parameter of the filter's own name.
    void filter(const std::string& name, const std::string& text) {
        std::size_t mark = name.find("__");
        std::string base = name.substr(0, mark), way = mark == name.npos ? "" : name.substr(mark + 2);
        if (!offers(base)) return void(errors[name].push_back("Unknown query parameter."));
        const std::string parameter = "filter_" + name;
        std::string wrong, condition;
        if (base == "search") {
            if (!way.empty()) return void(errors[name].push_back("Unknown query parameter."));
            wrong = check_part(text);
            condition = found(text, parameter);
            parameters[parameter] = pattern_of(text);
            page.query.searches = page.query.planned_anew = true;
        } else if (const Member* member = find_member(op.out, base)) {
            const auto ways = ways_of(*member);
            if (!way.empty() && std::find(ways.begin(), ways.end(), way) == ways.end())
                return void(errors[name].push_back("Unknown query parameter."));
            const std::string column = "it.\"" + base + "\"";
            // how many rows an id or a number leaves can be guessed without it; of all others only the value tells
            page.query.planned_anew =
                page.query.planned_anew || !way.empty() || member->is_text || member->is_choice || member->is_time;
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
                page.query.searches = true;
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
                if (all.size() > max_json_items) wrong = "At most 1000 values.";
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
            page.query.conditions.push_back(condition);
    }

    void ordering(const std::string& text, bool checked) {
        std::set<std::string> seen;
        for (std::string name : split(text)) {
            bool descending = name.starts_with("-");
            if (descending) name.erase(0, 1);
            const Member* member = find_member(op.out, name);
            bool offered =
                !checked || std::find(op.form.ordering.begin(), op.form.ordering.end(), name) != op.form.ordering.end();
            if (!member || !offered || !seen.insert(name).second) {
                std::string names;
                for (std::string_view possible : op.form.ordering)
                    names += (names.empty() ? "" : ", ") + std::string(possible);
                errors["ordering"] = {"Not a valid ordering. Use some of: " + names +
                                      ", each once, with - in front for descending."};
                return;
            }
            if (name == "id") {
                page.query.id_descending = descending;
                continue;
            }
            if (seen.contains("id")) continue;  // nothing is left to be told apart
            page.query.order.push_back({member, descending});
            page.query.id_descending = descending;  // ties in the direction before them: one range of one index
        }
    }

    void page_size(const std::string& text) {
        json::value value(text);
        if (std::string wrong = types::check_integer(value, Source::text, 1, 200); !wrong.empty())
            errors["page_size"].push_back(wrong);
        else
            page.size = static_cast<int>(value.get_int64());
    }

    /// [digest, "next" or "previous", count or null, key …, id]
    void cursor(const std::string& text) {
        auto refuse = [&] { errors["cursor"] = {"This cursor does not belong to this list."}; };
        auto bytes = crypto::unbase64url(text);
        json::error_code ec;
        json::value value = bytes ? json::parse(*bytes, ec) : json::value();
        if (!bytes || ec || !value.is_array()) return refuse();
        const json::array& parts = value.get_array();
        const std::size_t keys = page.query.order.size();
        if (parts.size() != keys + 4 || parts[0] != json::value(page.digest)) return refuse();
        if (parts[1] != json::value("next") && parts[1] != json::value("previous")) return refuse();
        if (!parts[2].is_null() && (!parts[2].is_int64() || parts[2].get_int64() < 0)) return refuse();
        for (std::size_t i = 0; i < keys; ++i) {
            const Member& member = *page.query.order[i].member;
            json::value key = parts[i + 3];
            if (!key.is_string()) return refuse();
            if (member.nullable && key == json::value(null_key(page.query.order[i].descending))) continue;
            if (!member.check(key, Source::text).empty()) return refuse();
        }
        json::value id = parts.back();
        if (!id.is_string()) return refuse();
        if (!types::check_integer(id, Source::text, 1, INT64_MAX).empty()) return refuse();
        page.query.after_cursor = true;
        page.query.backwards = parts[1] == json::value("previous");
        if (!page.query.exact) page.query.counted = false;
        if (parts[2].is_int64()) page.count = parts[2].get_int64();
        for (std::size_t i = 0; i < keys; ++i)
            parameters["cursor_" + std::to_string(i)] = std::string(parts[i + 3].get_string());
        parameters["cursor_id"] = std::string(parts.back().get_string());
    }

    void read(std::string_view query_string) {
        auto pairs = decode_query(query_string);
        std::optional<std::string> given_cursor, given_ordering;
        std::set<std::string> seen;
        for (const auto& [name, text] : pairs) {
            if (!seen.insert(name).second) {
                errors[name].push_back("This parameter stands more than once.");
                continue;
            }
            if (whole && (name == "cursor" || name == "page_size" || name == "count")) {
                errors[name].push_back("text/csv has all rows, and no pages.");
                continue;
            }
            if (name == "cursor") {
                given_cursor = text;
                continue;
            }
            page.parameters.emplace_back(name, text);
            if (name == "ordering")
                given_ordering = text;
            else if (name == "page_size")
                page_size(text);
            else if (name == "count") {
                if (text == "exact")
                    page.query.exact = true;
                else
                    errors["count"].push_back("Not a valid choice. Use: exact.");
            } else if (!chooses(name, text))
                filter(name, text);
        }
        ordering(given_ordering ? *given_ordering : std::string(op.form.order), given_ordering.has_value());
        auto sorted = page.parameters;
        std::sort(sorted.begin(), sorted.end());
        std::string list(op.form.route);
        // what belongs to one object is another list than what belongs to the next
        if (op.form.of)
            if (auto found = parameters.find(std::string(op.form.of->name) + "_id"); found != parameters.end())
                list += '\n' + found->second.value_or("");
        for (const auto& [name, text] : sorted)
            if (name != "page_size" && name != "count") list += '\n' + name + '\n' + text;
        page.digest = crypto::sha256_hex(list, 6);
        if (given_cursor) cursor(*given_cursor);
        if (whole) {
            page.size = rows_at_once;
            page.query.counted = false;
        }
        parameters["limit"] = std::to_string(page.size + 1);
    }
};

/// The column of a member in the rows of a page.
std::size_t column_of(const Operation& operation, std::string_view name) {
    if (const Member* member = find_member(operation.out, name))
        return first_page_column + (member - &operation.out[0]);
    throw std::logic_error("a list cannot be ordered by " + std::string(name));
}

/// What a row is ordered by, the id last: where the page behind it begins.
std::vector<std::string> keys_of(const PageQuery& query, const Operation& operation, const Rows& rows,
                                 std::size_t row) {
    std::vector<std::string> keys;
    for (const PageQuery::Term& term : query.order) {
        std::size_t column = column_of(operation, term.member->name);
        if (rows.is_null(row, column)) {
            keys.emplace_back(null_key(term.descending));
            continue;
        }
        std::string key;
        term.member->write(key, rows(row, column));
        keys.push_back(text_of(json::parse(key)));
    }
    keys.emplace_back(rows(row, column_of(operation, "id")));
    return keys;
}

std::size_t found_in(const Rows& rows) {
    return rows.size() == 1 && (rows.is_null(0, exists_column) || rows(0, exists_column) == "f") ? 0 : rows.size();
}

}  // namespace

PageRequest read_page(std::string_view query_string, const Operation& operation, Parameters& parameters, bool whole) {
    Reader reader{operation, parameters, whole, {}, {}};
    reader.read(query_string);
    if (!reader.errors.empty()) throw invalid(std::move(reader.errors));
    return std::move(reader.page);
}

std::string write_page(const PageRequest& page, const Operation& operation, const Rows& rows, const std::string& url) {
    const PageQuery& query = page.query;
    std::size_t found = found_in(rows);
    const bool more = found > static_cast<std::size_t>(page.size);
    if (more) found = static_cast<std::size_t>(page.size);

    std::optional<std::int64_t> count = page.count;
    if (query.counted) {
        count = std::stoll(std::string(rows(0, total_column)));
        if (!query.exact && *count > most_counted) count.reset();
    }

    auto link = [&](const char* direction, std::size_t row) {
        json::array parts{page.digest, direction};
        parts.emplace_back(count ? json::value(*count) : json::value());
        for (const std::string& key : keys_of(query, operation, rows, row)) parts.emplace_back(key);
        std::string text = url + "?cursor=" + crypto::base64url(json::serialize(parts));
        for (const auto& [name, value] : page.parameters) text += "&" + encode_query(name) + "=" + encode_query(value);
        return json::serialize(json::value(text));
    };
    // a page read backwards comes in reverse
    auto row_at = [&](std::size_t i) { return query.backwards ? found - 1 - i : i; };
    const bool has_next = found > 0 && (query.backwards || more);
    const bool has_previous = found > 0 && (query.backwards ? more : query.after_cursor);

    std::string out = "{\"count\":" + (count ? std::to_string(*count) : "null");
    out += ",\"next\":" + (has_next ? link("next", row_at(found - 1)) : "null");
    out += ",\"previous\":" + (has_previous ? link("previous", row_at(0)) : "null");
    out += ",\"results\":[";
    for (std::size_t i = 0; i < found; ++i) {
        if (i > 0) out += ',';
        std::size_t column = first_page_column;
        write_object(out, operation.out, rows, row_at(i), column);
    }
    return out + "]}";
}

bool write_csv(std::string& out, PageRequest& page, const Operation& operation, const Rows& rows,
               Parameters& parameters) {
    const std::size_t found = std::min<std::size_t>(found_in(rows), rows_at_once);
    for (std::size_t row = 0; row < found; ++row) {
        std::size_t column = first_page_column;
        csv::write_row(out, operation.out, rows, row, column);
    }
    if (rows.size() <= rows_at_once) return false;
    const auto keys = keys_of(page.query, operation, rows, found - 1);
    page.query.after_cursor = true;
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) parameters["cursor_" + std::to_string(i)] = keys[i];
    parameters["cursor_id"] = keys.back();
    return true;
}

void write_object(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column) {
    char before = '{';
    for (const Member& member : shape) {
        out += before;
        before = ',';
        out += '"';
        out += member.name;
        out += "\":";
        if (!member.nested.empty()) {
            write_object(out, member.nested, rows, row, column);
            continue;
        }
        if (rows.is_null(row, column))
            out += "null";
        else
            member.write(out, rows(row, column));
        ++column;
    }
    out += '}';
}

}  // namespace api
