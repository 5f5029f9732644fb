// Reads multipart/form-data (RFC 7578, RFC 2046) as a stream: memory does not grow with the body.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/part_header.hpp"

namespace api::multipart {

/// The most parts of a form, and the longest header of a part in bytes. Both limits are far above what clients send.
inline constexpr std::size_t max_parts = 20, max_header = 8 << 10;

/// The source of the bytes: writes at most `size` bytes and returns how many; 0 at the end.
using Source = std::function<std::size_t(char* into, std::size_t size)>;

/// Reads the parts of a body one after the other. It is strict where two readers could disagree: lines end with CR LF,
/// only white space is allowed before the first boundary and after the last one, a boundary is alone on its line, and
/// each part has exactly one name. Throws Problem 400 `malformed_form`, and the exceptions of the source.
class Reader {
public:
    /// The boundary is the one in the Content-Type.
    Reader(Source source, std::string_view boundary);

    /// The next part; nothing after the last one. Skips the unread rest of the previous part.
    std::optional<Part> next();
    /// The next bytes of the part, valid until the next call; empty at its end.
    std::string_view read();

private:
    enum class Place { start, header, content, end };

    bool fill();
    void first_delimiter();
    void end_of_delimiter();
    std::string_view header();
    void end_of_body();

    Source source_;
    std::string delimiter_;     ///< line end, two hyphens, boundary
    std::vector<char> buffer_;  ///< the bytes from begin_ to end_ are from the source and not yet returned by read()
    std::size_t begin_ = 0, end_ = 0;
    std::size_t parts_ = 0;
    Place place_ = Place::start;
};

}  // namespace api::multipart
