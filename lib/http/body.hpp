// Shared by the two readers of bodies: of fields (http/input.hpp) and of uploads (files/upload.hpp).
#pragma once
#include <functional>

#include "http/input.hpp"
#include "http/multipart.hpp"

namespace api {

/// A media type without its parameters, in lower case, and two of its parameters.
struct MediaType {
    std::string type;
    std::string charset;
    std::string boundary;
};

/// The media type of a request. Throws Problem 400 `duplicate_header` if Content-Type was sent twice.
MediaType media_type_of(const Request& request);
/// Whether the charset is UTF-8 or absent.
inline bool is_utf8(const MediaType& media) { return media.charset.empty() || media.charset == "utf-8"; }

/// The fields of a body as they were sent, before they are checked: from JSON, a form, or the query string of an
/// upload.
struct SentFields {
    json::object fields;
    Errors errors;

    /// Adds a field; a second field with the same name is an error.
    void add(const std::string& name, std::string_view value) {
        if (fields.contains(name)) errors[name] = {"This field appears more than once."};
        fields[name] = value;
    }
    /// Checks the fields. The result has the errors of the checks and the errors in this object.
    CheckedFields checked(Source source, std::string_view method, const Shape& body, const Shape& answer) const {
        CheckedFields checked = check_fields(fields, source, method, body, answer);
        for (const auto& [name, messages] : errors)
            for (const std::string& message : messages) checked.errors[name].push_back(message);
        return checked;
    }
};

/// Reads all parts of a form. take_file() returns true if it has consumed the part; any other file is an error on the
/// name of its part. Throws Problem 400 `malformed_form`.
void read_multipart(multipart::Reader& reader, SentFields& given,
                    const std::function<bool(const multipart::Part&)>& take_file);

}  // namespace api
