// Reads bodies and query strings; cgicc decodes percent escapes.
#include <cgicc/CgiUtils.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/unicode.hpp"
#include "http/body.hpp"

namespace api {

CheckedFields read_input(Request& request, const Shape& body_shape, const Shape& answer) {
    SentFields given;
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
    return given.checked(source, request.method(), body_shape, answer);
}

std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query) {
    auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    auto decode = [&](std::string_view part) {
        for (std::size_t i = 0; i < part.size(); ++i)
            if (part[i] == '%' && (i + 2 >= part.size() || !is_hex(part[i + 1]) || !is_hex(part[i + 2])))
                throw Problem(400, "bad_request", "A percent escape is not valid.");
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
        if (pairs.size() > 256) throw Problem(400, "bad_request", "There are more than 256 parameters.");
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
