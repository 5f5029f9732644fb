// Signed URLs of stored files: anyone who has such a URL can use it for a few minutes.
#pragma once
#include "base/keys.hpp"
#include "schema/types.hpp"

namespace api {

/// The URL of a stored file; only in answers. Its column is a jsonb array that the SELECT computes, or null:
/// `jsonb_build_array(:base_url::text, kind, sha256, file_name, content_type, :media_expires::bigint)`.
struct MediaUrl {
    std::string value;
};

namespace media {

/// How long a signed URL is valid at most, in seconds.
inline constexpr std::int64_t lifetime_seconds = media_url_seconds;
/// All URLs of a file that are created within one step are equal, so the answers and their entity tags are equal, too.
/// In seconds.
inline constexpr std::int64_t step_seconds = 30;

/// When a URL that is created at `now` expires, in seconds since 1970: 270 to 300 seconds later, at the end of a step.
constexpr std::int64_t expires_at(std::int64_t now) { return now - now % step_seconds + lifetime_seconds; }

/// The content of a signed URL.
struct Link {
    std::string kind;          ///< `document` or `picture`
    std::string sha256;        ///< of the file's bytes, 64 hexadecimal digits; also its name on disk
    std::string file_name;     ///< the name under which a browser saves it
    std::string content_type;  ///< the Content-Type with which it is sent
    std::int64_t expires = 0;  ///< seconds since 1970
};

/// The URL, without scheme and host, signed with the newest key of use `media` (HMAC-SHA256 over everything before
/// `&signature=`). Slashes and control characters in the file name become underscores, and so do the names `.` and
/// `..`. Throws std::runtime_error if there is no key.
std::string signed_url(const Link& link);

/// Verifies the request target exactly as the client sent it, with the keys of use `media`. It does not check whether
/// the URL has expired. Throws Problem 403 `bad_signature`.
Link verified(std::string_view target);

/// Appends the URL of a MediaUrl's column to an answer, as JSON.
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
