// Bodies and query strings: Boost.JSON's parser with a handler that sees duplicate keys, cgicc's decoder for escapes.
#include <cgicc/CgiUtils.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "http/body.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

constexpr const char* unknown_field = "Unknown field.";
constexpr const char* not_settable = "This field cannot be set.";

/// Builds a value from the parser's events. Boost.JSON's own handler keeps the last of two equal keys silently.
struct Builder {
    static constexpr std::size_t max_object_size = max_json_members, max_array_size = max_json_items;
    static constexpr std::size_t max_key_size = 1024, max_string_size = max_body;

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
    /// At most so many, by paths of at most so many bytes, or by the key alone: the answer to a body of long keys in each
    /// other must not be thousands of times as long as the body.
    static constexpr std::size_t most_duplicates = 100, longest_path = 256;
    void name_duplicate() {
        if (errors->size() >= most_duplicates) return;
        std::string path;
        for (const Open& o : open)
            if (o.container.is_object() && path.size() <= longest_path) path += (path.empty() ? "" : ".") + o.key;
        (*errors)[path.size() <= longest_path ? path : open.back().key] = {"This key stands more than once."};
    }
    bool close() {
        json::value done = std::move(open.back().container);
        open.pop_back();
        return put(std::move(done));
    }
    using ec = json::error_code;
    bool on_document_begin(ec&) { return true; }
    bool on_document_end(ec&) { return true; }
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
    bool on_number_part(json::string_view, ec&) { return true; }
    bool on_int64(std::int64_t n, json::string_view, ec&) { return put(n); }
    bool on_uint64(std::uint64_t n, json::string_view, ec&) { return put(n); }
    bool on_double(double n, json::string_view, ec&) { return put(n); }
    bool on_bool(bool b, ec&) { return put(b); }
    bool on_null(ec&) { return put(nullptr); }
    bool on_comment_part(json::string_view, ec&) { return true; }
    bool on_comment(json::string_view, ec&) { return true; }
};

MediaType media_type_of(std::string_view header) {
    MediaType media;
    auto trim = [](std::string_view s) {
        while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
        while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
        return s;
    };
    std::size_t end = std::min(header.find(';'), header.size());
    media.type = unicode::lower(trim(header.substr(0, end)));
    while (end < header.size()) {
        std::size_t next = std::min(header.find(';', end + 1), header.size());
        std::string_view parameter = trim(header.substr(end + 1, next - end - 1));
        std::size_t equals = std::min(parameter.find('='), parameter.size());
        std::string name = unicode::lower(trim(parameter.substr(0, equals)));
        std::string_view value = trim(parameter.substr(std::min(equals + 1, parameter.size())));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        if (name == "charset") media.charset = unicode::lower(value);
        if (name == "boundary") media.boundary = value;
        end = next;
    }
    return media;
}

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

Input check_fields(const json::object& given, Source source, std::string_view method, const Shape& in,
                   const Shape& out) {
    Input input;
    for (const auto& [key, value] : given) {
        std::string name(key);
        const Member* member = find_member(in, name);
        if (!member) {
            input.errors[name].push_back(find_member(out, name) ? not_settable : unknown_field);
            continue;
        }
        if (member->read_only || !member->nested.empty()) {
            input.errors[name].push_back(not_settable);
            continue;
        }
        json::value checked = value;
        // a form cannot say null: an empty value does
        if (source == Source::text && member->nullable && !member->is_text && !member->is_list &&
            checked.as_string().empty())
            checked = nullptr;
        if (checked.is_null()) {
            if (member->is_clearable())
                checked = member->initial;
            else if (!member->nullable)
                input.errors[name].push_back("This field may not be null.");
        } else if (std::string wrong = member->check(checked, source); !wrong.empty()) {
            input.errors[name].push_back(std::move(wrong));
        }
        input.fields[name] = std::move(checked);
    }
    for (const Member& member : in) {
        if (member.read_only || given.contains(member.name)) continue;
        if (member.always_required || (member.required && method != "PATCH"))
            input.errors[member.name].push_back("This field is required.");
        else if (method == "POST")
            input.fields[member.name] = member.initial;
    }
    return input;
}

MediaType media_type_of(const Request& request) {
    const std::string_view header = request.variable("CONTENT_TYPE"), sent = request.variable("HTTP_CONTENT_TYPE");
    // nginx takes the first of two, or from 1.23 on joins them by a comma; whichever was meant, it is not clear
    if ((!sent.empty() && sent != header) || header.substr(0, header.find(';')).find(',') != header.npos)
        throw Problem(refusals::duplicate_header, "Content-Type");
    return media_type_of(header);
}

void read_multipart(multipart::Reader& reader, Given& given,
                    const std::function<bool(const multipart::Part&)>& take_file) {
    constexpr std::size_t longest = 64 << 10;  // in bytes; no field has more than 10,000 characters
    while (auto part = reader.next()) {
        if (take_file(*part)) continue;
        if (part->file_name) {
            given.errors[part->name] = {"A file is not expected here."};
            continue;
        }
        std::string value;
        for (std::string_view piece; !(piece = reader.read()).empty();) {
            if (value.size() + piece.size() > longest)
                throw Problem(refusals::malformed_form, "a field is longer than " + std::to_string(longest) + " bytes");
            value += piece;
        }
        if (!unicode::length(value)) throw Problem(refusals::malformed_form, "it is not UTF-8");
        given.add(std::move(part->name), std::move(value));
    }
}

Input read_input(Request& request, const Shape& in, const Shape& out) {
    Given given;
    Source source = Source::json;
    if (request.has_body()) {
        const MediaType media = media_type_of(request);
        bool is_json = media.type == "application/json";
        bool is_form = media.type == "application/x-www-form-urlencoded" || media.type == "multipart/form-data";
        if ((!is_json && !is_form) || !is_utf8(media)) throw Problem(refusals::unsupported_media_type);
        std::string_view body = request.body(max_body);
        if (is_json) {
            json::value value = parse_json(body, given.errors);
            if (!value.is_object()) throw Problem(400, "invalid", "The body must be a JSON object.");
            given.fields = std::move(value.get_object());
        } else {
            source = Source::text;
            if (media.type == "multipart/form-data") {
                multipart::Reader reader(
                    [&](char* into, std::size_t size) {
                        size = body.copy(into, size);
                        body.remove_prefix(size);
                        return size;
                    },
                    media.boundary);
                read_multipart(reader, given, [](const multipart::Part&) { return false; });
            } else {
                for (auto& [name, value] : decode_query(body)) given.add(name, value);
            }
        }
    }
    return given.checked(source, request.method(), in, out);
}

std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query) {
    auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    auto decode = [&](std::string_view part) {
        for (std::size_t i = 0; i < part.size(); ++i)
            if (part[i] == '%' && (i + 2 >= part.size() || !is_hex(part[i + 1]) || !is_hex(part[i + 2])))
                throw Problem(400, "bad_request", "A percent escape is broken.");
        std::string text = cgicc::form_urldecode(std::string(part));
        if (!unicode::length(text)) throw Problem(400, "bad_request", "A parameter is not valid UTF-8.");
        if (text.find('\0') != text.npos) throw Problem(400, "bad_request", "Null characters are not allowed.");
        return text;
    };
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        std::string_view part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(part.size() + 1, query.size()));
        if (part.empty()) continue;
        std::size_t equals = std::min(part.find('='), part.size());
        pairs.emplace_back(decode(part.substr(0, equals)), decode(part.substr(std::min(equals + 1, part.size()))));
        if (pairs.size() > 256) throw Problem(400, "bad_request", "More than 256 parameters.");
    }
    return pairs;
}

std::string encode_query(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : text) {
        if (std::isalnum(c) || (c != 0 && std::strchr("-._~", c) != nullptr)) {
            out += static_cast<char>(c);
        } else {
            out += '%';
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }
    return out;
}

}  // namespace api
