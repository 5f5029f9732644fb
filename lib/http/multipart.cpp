// Finds the delimiters of a form. The only CR in a delimiter is its first byte, so one pass over the bytes finds all.
#include "http/multipart.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

namespace api::multipart {

namespace {

/// The most bytes that are requested from the source at a time.
constexpr std::size_t piece = 64 << 10;

}  // namespace

Reader::Reader(Source source, std::string_view boundary)
    : source_(std::move(source)), delimiter_("\r\n--" + std::string(boundary)), buffer_(piece + max_header) {
    if (boundary.empty() || boundary.size() > 70)
        throw malformed("the boundary must have 1 to 70 characters");  // RFC 2046 5.1.1
    for (char c : boundary)
        if (!std::isalnum(static_cast<unsigned char>(c)) && (c == '\0' || !std::strchr("'()+_,-./:=? ", c)))
            throw malformed("the boundary has characters that RFC 2046 does not allow");
    if (boundary.back() == ' ') throw malformed("the boundary ends with a space");
    // a line end before the body, so that the first delimiter is like the others
    buffer_[0] = '\r', buffer_[1] = '\n';
    end_ = 2;
}

/// Reads more into the buffer; false at the end of the body.
bool Reader::fill() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_, begin_ = 0;
    }
    const std::size_t got = source_(buffer_.data() + end_, std::min(piece, buffer_.size() - end_));
    end_ += got;
    return got > 0;
}

/// Reads the rest of a delimiter: spaces and a line end, or the two hyphens of the last one.
void Reader::end_of_delimiter() {
    auto have = [&](std::size_t n) {
        while (end_ - begin_ < n)
            if (!fill()) throw malformed("the last boundary is missing");
        return std::string_view(buffer_.data() + begin_, n);
    };
    if (have(2) == "--") {
        begin_ += 2;
        place_ = Place::end;
        end_of_body();
        return;
    }
    while (have(1) == " " || have(1) == "\t") ++begin_;
    if (have(2) != "\r\n") throw malformed("a boundary is followed by other text on its line");
    // the line end stays in the buffer: of an empty header, it is the first half of the end
    place_ = Place::header;
    if (++parts_ > max_parts) throw malformed("there are more than " + std::to_string(max_parts) + " parts");
}

/// Reads the rest of the body after the last boundary, which must be white space.
void Reader::end_of_body() {
    do {
        for (; begin_ < end_; ++begin_)
            if (std::strchr(" \t\r\n", buffer_[begin_]) == nullptr || buffer_[begin_] == '\0')
                throw malformed("there is text after the last boundary");
    } while (fill());
}

/// Reads the lines of a part's header, without the empty line that ends it.
std::string_view Reader::header() {
    for (;;) {
        const std::string_view here(buffer_.data() + begin_, end_ - begin_);
        const std::size_t end = here.substr(0, max_header + 4).find("\r\n\r\n");
        if (end != here.npos) {
            begin_ += end + 4;
            return here.substr(std::min<std::size_t>(2, end), end - std::min<std::size_t>(2, end));
        }
        if (here.size() >= max_header + 4)
            throw malformed("the header of a part is longer than " + std::to_string(max_header) + " bytes");
        if (!fill()) throw malformed("the last boundary is missing");
    }
}

/// Reads the delimiter before the first part.
void Reader::first_delimiter() {
    // some clients begin with an empty line
    for (;;) {
        while (end_ - begin_ < delimiter_.size())
            if (!fill()) throw malformed("the body does not begin with the boundary");
        const std::string_view here(buffer_.data() + begin_, end_ - begin_);
        if (here.starts_with(delimiter_)) break;
        if (!here.starts_with("\r\n\r\n")) throw malformed("the body does not begin with the boundary");
        begin_ += 2;
    }
    begin_ += delimiter_.size();
    end_of_delimiter();
}

std::optional<Part> Reader::next() {
    while (place_ == Place::content) read();
    if (place_ == Place::start) first_delimiter();
    if (place_ == Place::end) return std::nullopt;
    Part part = part_of(header());
    place_ = Place::content;
    // in a part without a body, the line end of the header is also the one of the delimiter (RFC 2046 5.1.1)
    begin_ -= 2;
    while (end_ - begin_ < delimiter_.size())
        if (!fill()) throw malformed("the last boundary is missing");
    if (!std::string_view(buffer_.data() + begin_, end_ - begin_).starts_with(delimiter_)) begin_ += 2;
    return part;
}

std::string_view Reader::read() {
    if (place_ != Place::content) return {};
    for (;;) {
        const std::string_view here(buffer_.data() + begin_, end_ - begin_);
        const std::size_t found = here.find(delimiter_);
        if (found == 0) {
            begin_ += delimiter_.size();
            end_of_delimiter();
            return {};
        }
        // bytes that could be the beginning of a delimiter are kept until the rest of it has arrived
        const std::size_t sure =
            found != here.npos ? found : here.size() - std::min(here.size(), delimiter_.size() - 1);
        if (sure > 0) {
            begin_ += sure;
            return here.substr(0, sure);
        }
        if (!fill()) throw malformed("the last boundary is missing");
    }
}

}  // namespace api::multipart
