// Reads multipart/form-data (RFC 7578, RFC 2046) as it arrives: memory does not grow with the body.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace api::multipart {

/// The most parts of a form, and the longest header of a part, in bytes.
inline constexpr std::size_t max_parts = 20, max_header = 8 << 10;

/// What the header of a part says. Both are UTF-8 without control characters.
struct Part {
    std::string name;
    std::optional<std::string> file_name = {};  ///< as the client says it, perhaps with a path, perhaps empty
};

/// Where the bytes come from: fills a buffer of this size at most; 0 at the end.
using Source = std::function<std::size_t(char* into, std::size_t size)>;

/// A body of parts, one after the other. Strict where two readers could disagree: lines end on CR LF, nothing but line
/// ends stands before the first boundary and behind the last one, a boundary fills its line, and each part says once
/// what it is called. Errors: Problem 400 `malformed_form`, and what the source throws.
class Reader {
public:
    /// The boundary as the Content-Type has it.
    Reader(Source source, std::string_view boundary);

    /// The next part; nothing behind the last one. What was not read of the part before it is passed over.
    std::optional<Part> next();
    /// The next bytes of the part, valid until the next call; none at its end.
    std::string_view read();

private:
    enum class Place { start, header, content, end };

    bool fill();
    void end_of_delimiter();
    std::string_view header();
    void end_of_body();

    Source source_;
    std::string delimiter_;     ///< line end, two hyphens, boundary
    std::vector<char> buffer_;  ///< what has been read and not yet been given away: from begin_ to end_
    std::size_t begin_ = 0, end_ = 0;
    std::size_t parts_ = 0;
    Place place_ = Place::start;
};

/// The part that a header tells of, line ends between its lines.
Part part_of(std::string_view header);

}  // namespace api::multipart
