// Reads the media type of a request, and the parts of a multipart form.
#include "http/body.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

MediaType media_type_of(std::string_view header) {
    MediaType media;
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

MediaType media_type_of(const Request& request) {
    const std::string_view header = request.variable("CONTENT_TYPE"), sent = request.variable("HTTP_CONTENT_TYPE");
    // nginx takes the first of two headers, or from 1.23 on joins them with a comma; both are ambiguous
    if ((!sent.empty() && sent != header) || header.substr(0, header.find(';')).find(',') != header.npos)
        throw Problem(refusals::duplicate_header, "Content-Type");
    return media_type_of(header);
}

void read_multipart(multipart::Reader& reader, SentFields& given,
                    const std::function<bool(const multipart::Part&)>& take_file) {
    constexpr std::size_t longest = 64 << 10;  // in bytes; no field has more than 10,000 characters
    while (auto part = reader.next()) {
        if (take_file(*part)) continue;
        if (part->file_name) {
            given.errors[part->name] = {"This field does not accept a file."};
            continue;
        }
        std::string value;
        for (std::string_view piece; !(piece = reader.read()).empty();) {
            if (value.size() + piece.size() > longest)
                throw Problem(refusals::malformed_form, "a field is longer than " + std::to_string(longest) + " bytes");
            value += piece;
        }
        if (!unicode::length(value)) throw Problem(refusals::malformed_form, "a field is not valid UTF-8");
        given.add(part->name, value);
    }
}

}  // namespace api
