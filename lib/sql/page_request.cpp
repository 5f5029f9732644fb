// Reads the query string of a list.
#include "sql/page_request.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "http/input.hpp"
#include "sql/filter.hpp"

namespace api {

namespace {

/// Reads one query string, one parameter after the other.
class Reader {
public:
    Reader(const Operation& operation, const PathParameters& path, std::optional<int> rows_at_once)
        : op_(operation), path_(path), rows_at_once_(rows_at_once) {}

    PageRequest read(std::string_view query_string) {
        Filters filters{op_, page_.query, page_.values, errors_};
        std::optional<std::string> cursor, ordering;
        std::set<std::string> seen;
        for (const auto& [name, text] : decode_query(query_string)) {
            if (!seen.insert(name).second) {
                errors_[name].emplace_back("This parameter appears more than once.");
                continue;
            }
            if (rows_at_once_ && (name == "cursor" || name == "page_size" || name == "count")) {
                errors_[name].emplace_back("Not supported with text/csv, which returns all rows.");
                continue;
            }
            if (name == "cursor") {
                cursor = text;
                continue;
            }
            page_.parameters.emplace_back(name, text);
            if (name == "ordering")
                ordering = text;
            else if (name == "page_size")
                read_size(text);
            else if (name == "count")
                read_count(text);
            else
                filters.read(name, text);
        }
        read_ordering(ordering ? *ordering : std::string(op_.spec.order), ordering.has_value());
        page_.digest = digest();
        if (cursor) read_cursor(*cursor);
        if (rows_at_once_) {
            page_.size = *rows_at_once_;
            page_.query.counted = false;
        }
        // more for a large page, so that a word in a few percent of the rows fills it
        page_.query.nearest = page_.size <= 50 ? 1'000 : page_.size <= 200 ? 5'000 : 20'000;
        page_.values["page.limit"] = std::to_string(page_.size + 1);
        if (!errors_.empty()) throw invalid(std::move(errors_));
        return std::move(page_);
    }

private:
    void read_ordering(const std::string& text, bool is_checked) {
        const auto& offered = op_.spec.ordering;
        std::set<std::string_view> seen;
        for (std::string_view name : split(text, ",")) {
            const bool descending = name.starts_with("-");
            if (descending) name.remove_prefix(1);
            const Member* member = find_member(op_.answer, name);
            const bool is_offered = !is_checked || std::ranges::find(offered, name) != offered.end();
            if (!member || !is_offered || !seen.insert(name).second) {
                errors_["ordering"] = {"Not a valid ordering. Use one or more of: " + join(offered, ", ") +
                                       ". Name each at most once; a - before the name means descending."};
                return;
            }
            if (name == "id") {
                page_.query.id_descending = descending;
                continue;
            }
            if (seen.contains("id")) continue;  // the id is unique, so terms after it have no effect
            page_.query.order.push_back({member, descending});
            page_.query.id_descending = descending;  // the id follows the direction of the last term, so that the page
                                                     // is one range of one index
        }
    }

    void read_size(const std::string& text) {
        json::value value(text);
        if (std::string wrong = types::check_integer(value, Source::text, 1, 200); !wrong.empty())
            errors_["page_size"].push_back(wrong);
        else
            page_.size = static_cast<int>(value.get_int64());
    }

    void read_count(const std::string& text) {
        if (text == "exact")
            page_.query.exact = true;
        else
            errors_["count"].emplace_back("Not a valid choice. Use: exact.");
    }

    /// A digest of the list that a cursor belongs to: its route, parent, filters and order.
    std::string digest() const {
        auto sorted = page_.parameters;
        std::ranges::sort(sorted);
        std::string list(op_.spec.route);
        if (op_.parent_in_path)
            for (const auto& [name, value] : path_)
                if (name == std::string(op_.spec.parent->name) + "_id") list += '\n' + value;
        for (const auto& [name, text] : sorted)
            if (name != "page_size" && name != "count") list += '\n' + name + '\n' + text;
        return crypto::sha256_hex(list, 6);
    }

    /// [digest, "next" or "previous", count or null, key …, id]
    void read_cursor(const std::string& text) {
        const auto bytes = crypto::unbase64url(text);
        json::error_code ec;
        const json::value value = bytes ? json::parse(*bytes, ec) : json::value();
        if (!bytes || ec || !value.is_array() || !is_cursor(value.get_array())) {
            errors_["cursor"] = {"This cursor is not valid for this list. Start again without a cursor."};
            return;
        }
        const json::array& parts = value.get_array();
        page_.query.backwards = parts[1] == json::value("previous");
        if (!page_.query.exact) page_.query.counted = false;
        if (parts[2].is_int64()) page_.count = parts[2].get_int64();
        std::vector<std::string> keys;
        for (std::size_t i = 3; i < parts.size(); ++i) keys.emplace_back(parts[i].get_string());
        continue_after(page_, keys);
    }

    bool is_cursor(const json::array& parts) const {
        const std::size_t keys = page_.query.order.size();
        if (parts.size() != keys + 4 || parts[0] != json::value(page_.digest)) return false;
        if (parts[1] != json::value("next") && parts[1] != json::value("previous")) return false;
        if (!parts[2].is_null() && (!parts[2].is_int64() || parts[2].get_int64() < 0)) return false;
        for (std::size_t i = 0; i < keys; ++i) {
            const Member& member = *page_.query.order[i].member;
            json::value key = parts[i + 3];
            if (!key.is_string()) return false;
            if (member.nullable && key == json::value(null_key(page_.query.order[i].descending))) continue;
            if (!member.check(key, Source::text).empty()) return false;
        }
        json::value id = parts.back();
        return id.is_string() && types::check_integer(id, Source::text, 1, INT64_MAX).empty();
    }

    const Operation& op_;
    const PathParameters& path_;
    std::optional<int> rows_at_once_;  ///< set if all rows are requested, not one page
    PageRequest page_;
    Errors errors_;
};

}  // namespace

PageRequest read_page(std::string_view query_string, const Operation& operation, const PathParameters& path,
                      std::optional<int> rows_at_once) {
    return Reader(operation, path, rows_at_once).read(query_string);
}

void continue_after(PageRequest& page, const std::vector<std::string>& keys) {
    page.query.after_cursor = true;
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) page.values["cursor." + std::to_string(i)] = keys[i];
    page.values["cursor.id"] = keys.back();
}

}  // namespace api
