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
inline bool is_utf8(const MediaType& media) { return media.charset.empty() || media.charset == "utf-8"; }

/// Fields that were sent as pairs of texts: a form or a query string.
struct SentFields {
    json::object fields;
    Errors errors;

    void add(const std::string& name, std::string_view value) {
        if (fields.contains(name)) errors[name] = {"This field stands more than once."};
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

/// Reads all parts of a form. What take_file() returns true for has been taken; other files are refused by name.
void read_multipart(multipart::Reader& reader, SentFields& given,
                    const std::function<bool(const multipart::Part&)>& take_file);

}  // namespace api
