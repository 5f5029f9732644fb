// Stored files as answers name them: a URL that is signed, for a few minutes and for whoever holds it.
#pragma once
#include "base/keys.hpp"
#include "schema/types.hpp"

namespace api {

/// The URL of a stored file; answers only. Its column is a jsonb array that the SELECT computes, or null:
/// `jsonb_build_array(:base_url::text, kind, sha256, file_name, content_type, :media_expires::bigint)`.
struct MediaUrl {
    std::string value;
};

namespace media {

/// How long a signed URL lives at most, in seconds.
inline constexpr std::int64_t lifetime_seconds = media_url_seconds;
/// URLs that are made within one step are equal, and with them the answers and their entity tags.
inline constexpr std::int64_t step_seconds = 30;

/// When a URL that is made now expires, in seconds since 1970: 270 to 300 seconds from now, at the end of a step.
constexpr std::int64_t expires_at(std::int64_t now) { return now - now % step_seconds + lifetime_seconds; }

/// What a signed URL says.
struct Link {
    std::string kind;          ///< `document` or `picture`
    std::string sha256;        ///< of the file's bytes, 64 hexadecimal digits, and its name on disk
    std::string file_name;     ///< what a browser saves it as
    std::string content_type;  ///< what it is sent as
    std::int64_t expires = 0;  ///< seconds since 1970
};

/// The URL, without scheme and host, signed by the newest key of use `media` (HMAC-SHA256 over all of it before
/// `&signature=`). Slashes and control characters in the file name become underscores, and so does a name that a URL
/// takes for a folder. Throws std::runtime_error where there is no key.
std::string signed_url(const Link& link);

/// What a request target as the client sent it says, if a key of use `media` has signed it, whenever it expires.
/// Throws Problem 403 `bad_signature`.
Link verified(std::string_view target);

/// Appends a MediaUrl's column to an answer.
void write_url(std::string& out, std::string_view column);

}  // namespace media

template <>
struct Type<MediaUrl> {
    static json::object schema() { return {{"type", "string"}, {"format", "uri"}}; }
    static std::string check(json::value&, Source) { return "This field cannot be set."; }
    static MediaUrl load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const MediaUrl& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { media::write_url(out, column); }
};

}  // namespace api
