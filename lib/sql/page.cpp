// Ordering, keyset cursors, and the page that answers.
#include "sql/page.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "base/crypto.hpp"
#include "http/csv.hpp"
#include "sql/filter.hpp"
#include "http/input.hpp"

namespace api {

namespace {

/// What the null of a nullable member is in a cursor, as sort_key() has it.
const char* null_key(bool descending) { return descending ? "-infinity" : "infinity"; }

/// Reads a list's query string, one parameter after the other.
struct Reader {
    const Operation& op;
    Parameters& parameters;
    bool whole;  ///< all rows are asked for, not a page of them
    PageRequest page;
    Errors errors;

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
        Filters filters{op, page.query, parameters, errors};
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
            } else {
                filters.read(name, text);
            }
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
            page.size = csv::rows_at_once(op.out);
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

    std::string out;
    out.reserve(rows.bytes() + 32 * found * operation.out.size() + 1024);  // the widest page is there twice as it is
    out += "{\"count\":";
    out += count ? std::to_string(*count) : "null";
    out += ",\"next\":" + (has_next ? link("next", row_at(found - 1)) : "null");
    out += ",\"previous\":" + (has_previous ? link("previous", row_at(0)) : "null");
    out += ",\"results\":[";
    for (std::size_t i = 0; i < found; ++i) {
        if (i > 0) out += ',';
        std::size_t column = first_page_column;
        write_object(out, operation.out, rows, row_at(i), column);
    }
    out += "]}";
    return out;
}

bool write_csv(Spool& spool, PageRequest& page, const Operation& operation, const Rows& rows, Parameters& parameters) {
    constexpr std::size_t piece = 64 << 10;
    std::string lines;
    const std::size_t most = static_cast<std::size_t>(page.size), found = std::min(found_in(rows), most);
    for (std::size_t row = 0; row < found; ++row) {
        std::size_t column = first_page_column;
        csv::write_row(lines, operation.out, rows, row, column);
        if (lines.size() < piece) continue;
        spool.append(lines);
        lines.clear();
    }
    spool.append(lines);
    if (rows.size() <= most) return false;
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
