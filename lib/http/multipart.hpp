// Reads multipart/form-data (RFC 7578, RFC 2046) as it arrives: memory does not grow with the body.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/part_header.hpp"

namespace api::multipart {

/// The most parts of a form, and the longest header of a part, in bytes: limits of ours, far above what clients send.
inline constexpr std::size_t max_parts = 20, max_header = 8 << 10;

/// Where the bytes come from: writes at most `size` bytes and returns how many; 0 at the end.
using Source = std::function<std::size_t(char* into, std::size_t size)>;

/// A body of parts, one after the other. Strict where two readers could disagree: lines end with CR LF, there is
/// nothing but white space before the first boundary and after the last one, a boundary fills its line, and each part
/// has exactly one name. Errors: Problem 400 `malformed_form`, and what the source throws.
class Reader {
public:
    /// The boundary is that of the Content-Type.
    Reader(Source source, std::string_view boundary);

    /// The next part; nothing after the last one. The unread rest of the part before it is skipped.
    std::optional<Part> next();
    /// The next bytes of the part, valid until the next call; none at its end.
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
    std::vector<char> buffer_;  ///< what the source has written and read() has not returned: from begin_ to end_
    std::size_t begin_ = 0, end_ = 0;
    std::size_t parts_ = 0;
    Place place_ = Place::start;
};

}  // namespace api::multipart
