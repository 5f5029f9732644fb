// Boost.JSON's parser with a handler that detects duplicate keys.
#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace api {

namespace {

/// Builds a value from the parser's events. Boost.JSON's own handler would silently keep the last of two equal keys.
struct Builder {
    static constexpr std::size_t max_object_size = max_json_members, max_array_size = max_json_items;
    static constexpr std::size_t max_key_size = 1024, max_string_size = max_json_text;

    struct Open {
        json::value container;
        std::string key;
    };
    std::vector<Open> open;
    json::value root;
    std::string text;
    Errors* errors;

    bool put(json::value v) {
        if (open.empty()) return root = std::move(v), true;
        if (auto* array = open.back().container.if_array()) return array->push_back(std::move(v)), true;
        json::object& object = open.back().container.get_object();
        if (object.contains(open.back().key)) name_duplicate();
        object[open.back().key] = std::move(v);
        return true;
    }
    /// The most duplicates that are named, and the longest path by which one is named; beyond that, only the key is
    /// used. Otherwise the answer to a body with long nested keys could be thousands of times as long as the body.
    static constexpr std::size_t most_duplicates = 100, longest_path = 256;
    void name_duplicate() {
        if (errors->size() >= most_duplicates) return;
        std::string path;
        for (const Open& o : open)
            if (o.container.is_object() && path.size() <= longest_path) path += (path.empty() ? "" : ".") + o.key;
        (*errors)[path.size() <= longest_path ? path : open.back().key] = {"This key appears more than once."};
    }
    bool close() {
        json::value done = std::move(open.back().container);
        open.pop_back();
        return put(std::move(done));
    }
    using ec = json::error_code;
    static bool on_document_begin(ec&) { return true; }
    static bool on_document_end(ec&) { return true; }
    bool on_object_begin(ec&) { return open.push_back({json::object{}, {}}), true; }
    bool on_object_end(std::size_t, ec&) { return close(); }
    bool on_array_begin(ec&) { return open.push_back({json::array{}, {}}), true; }
    bool on_array_end(std::size_t, ec&) { return close(); }
    bool on_key_part(json::string_view s, std::size_t, ec&) { return text.append(s), true; }
    bool on_key(json::string_view s, std::size_t, ec&) {
        open.back().key = text.append(s);
        return text.clear(), true;
    }
    bool on_string_part(json::string_view s, std::size_t, ec&) { return text.append(s), true; }
    bool on_string(json::string_view s, std::size_t, ec&) {
        text.append(s);
        put(json::value(text));
        return text.clear(), true;
    }
    static bool on_number_part(json::string_view, ec&) { return true; }
    bool on_int64(std::int64_t n, json::string_view, ec&) { return put(n); }
    bool on_uint64(std::uint64_t n, json::string_view, ec&) { return put(n); }
    bool on_double(double n, json::string_view, ec&) { return put(n); }
    bool on_bool(bool b, ec&) { return put(b); }
    bool on_null(ec&) { return put(nullptr); }
    static bool on_comment_part(json::string_view, ec&) { return true; }
    static bool on_comment(json::string_view, ec&) { return true; }
};

}  // namespace

json::value parse_json(std::string_view text, Errors& errors) {
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::basic_parser<Builder> parser(options);
    parser.handler().errors = &errors;
    json::error_code ec;
    std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = json::error::extra_data;
    if (ec) throw Problem(refusals::malformed_json, ec.message() + " at byte " + std::to_string(used));
    return std::move(parser.handler().root);
}

}  // namespace api
