// What the two readers of bodies share: that of fields (http/input.hpp) and that of uploads (files/upload.hpp).
#pragma once
#include <functional>

#include "http/input.hpp"
#include "http/multipart.hpp"

namespace api {

/// The media type without parameters, in lower case; parameters beside it.
struct MediaType {
    std::string type;
    std::string charset;
    std::string boundary;
};

/// That of a request. Throws a 400 where it was sent twice.
MediaType media_type_of(const Request& request);
/// Whether the charset is UTF-8 or absent.
inline bool is_utf8(const MediaType& media) { return media.charset.empty() || media.charset == "utf-8"; }

/// The fields of a body as they were sent, before they are checked: JSON, a form, or the query string of an upload.
struct SentFields {
    json::object fields;
    Errors errors;

    /// Adds a field; a second one of its name is an error.
    void add(const std::string& name, std::string_view value) {
        if (fields.contains(name)) errors[name] = {"This field appears more than once."};
        fields[name] = value;
    }
    /// The checked fields, with these errors beside their own.
    CheckedFields checked(Source source, std::string_view method, const Shape& body, const Shape& answer) const {
        CheckedFields checked = check_fields(fields, source, method, body, answer);
        for (const auto& [name, messages] : errors)
            for (const std::string& message : messages) checked.errors[name].push_back(message);
        return checked;
    }
};

/// Reads all parts of a form. take_file() returns true where it has consumed a part; any other file is an error on its
/// name. Throws 400 malformed_form.
void read_multipart(multipart::Reader& reader, SentFields& given,
                    const std::function<bool(const multipart::Part&)>& take_file);

}  // namespace api
