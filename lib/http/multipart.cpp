// A delimiter begins with the only CR in it: looking for it costs one pass over the bytes, whatever they are.
#include "http/multipart.hpp"

#include <algorithm>
#include <cstring>

#include "base/problem.hpp"
#include "base/unicode.hpp"

namespace api::multipart {

namespace {

constexpr std::size_t piece = 64 << 10;

Problem malformed(const std::string& why) { return Problem(refusals::malformed_form, why); }

bool same_word(std::string_view a, std::string_view b) { return unicode::lower(a) == unicode::lower(b); }

bool is_token_character(char c) {  // RFC 9110 5.6.2
    return std::isalnum(static_cast<unsigned char>(c)) || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

/// Takes white space, a token, or one character off the front of a text.
void skip_blanks(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}
std::string_view take_token(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_token_character(text[length])) ++length;
    const std::string_view token = text.substr(0, length);
    text.remove_prefix(length);
    return token;
}
bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// A quoted string without its first quote. A backslash escapes a quote and itself, and else is one: browsers send
/// paths of Windows as they are.
std::string take_quoted(std::string_view& text) {
    std::string value;
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1 && (text[1] == '"' || text[1] == '\\')) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    if (!take(text, '"')) throw malformed("a quoted name is not closed");
    return value;
}

/// The text of `UTF-8''%e2%82%ac.txt` (RFC 8187).
std::string extended(std::string_view value) {
    const std::size_t first = value.find('\''), second = value.find('\'', first == value.npos ? first : first + 1);
    if (second == value.npos || !same_word(value.substr(0, first), "utf-8"))
        throw malformed("a name with an asterisk is not in UTF-8");
    value.remove_prefix(second + 1);
    auto digit = [](char c) {
        const char* digits = "0123456789abcdef";
        const char* found = c ? std::strchr(digits, std::tolower(static_cast<unsigned char>(c))) : nullptr;
        if (!found) throw malformed("a percent escape in a name is broken");
        return static_cast<int>(found - digits);
    };
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '%') {
            text += value[i];
            continue;
        }
        if (i + 2 >= value.size()) throw malformed("a percent escape in a name is broken");
        text += static_cast<char>(digit(value[i + 1]) << 4 | digit(value[i + 2]));
        i += 2;
    }
    return text;
}

std::string checked(std::string text) {
    if (!unicode::length(text)) throw malformed("a name is not UTF-8");
    if (unicode::has_control(text) || text.find_first_of("\t\r\n") != text.npos)
        throw malformed("a name has control characters");
    return text;
}

/// The parameters of Content-Disposition that make a part.
void read_disposition(std::string_view value, Part& part) {
    if (!same_word(take_token(value), "form-data")) throw malformed("a part is no form-data");
    std::optional<std::string> name, plain, with_asterisk;
    for (skip_blanks(value); !value.empty(); skip_blanks(value)) {
        if (!take(value, ';')) throw malformed("a Content-Disposition cannot be read");
        skip_blanks(value);
        if (value.empty()) break;  // a semicolon at the end
        const std::string_view parameter = take_token(value);
        if (parameter.empty() || !take(value, '=')) throw malformed("a Content-Disposition cannot be read");
        std::string given = take(value, '"') ? take_quoted(value) : std::string(take_token(value));
        auto once = [&](std::optional<std::string>& into, std::string text) {
            if (into) throw malformed("a Content-Disposition says something twice");
            into = checked(std::move(text));
        };
        if (same_word(parameter, "name")) once(name, std::move(given));
        if (same_word(parameter, "filename")) once(plain, std::move(given));
        if (same_word(parameter, "filename*")) once(with_asterisk, extended(given));
    }
    if (!name || name->empty()) throw malformed("a part has no name");
    part.name = std::move(*name);
    part.file_name = with_asterisk ? std::move(with_asterisk) : std::move(plain);  // RFC 6266 4.3
}

}  // namespace

Part part_of(std::string_view header) {
    Part part;
    bool has_disposition = false;
    while (!header.empty()) {
        const std::size_t end = std::min(header.find("\r\n"), header.size());
        std::string_view line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const std::string_view name = take_token(line);
        // a folded line begins with a blank, which is no token
        if (name.empty() || !take(line, ':')) throw malformed("the header of a part cannot be read");
        if (line.find_first_of(std::string_view("\0\r\n", 3)) != line.npos)
            throw malformed("the header of a part has control characters");
        skip_blanks(line);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
        if (same_word(name, "Content-Disposition")) {
            if (has_disposition) throw malformed("a part has two Content-Dispositions");
            has_disposition = true;
            read_disposition(line, part);
        }
        // RFC 7578 4.7: nobody sends others
        if (same_word(name, "Content-Transfer-Encoding") && !same_word(line, "binary") && !same_word(line, "8bit") &&
            !same_word(line, "7bit"))
            throw malformed("a part is encoded");
    }
    if (!has_disposition) throw malformed("a part has no Content-Disposition");
    return part;
}

Reader::Reader(Source source, std::string_view boundary)
    : source_(std::move(source)), delimiter_("\r\n--" + std::string(boundary)), buffer_(piece + max_header) {
    if (boundary.empty() || boundary.size() > 70)
        throw malformed("its boundary has 1 to 70 characters");  // RFC 2046 5.1.1
    for (char c : boundary)
        if (!std::isalnum(static_cast<unsigned char>(c)) && (c == '\0' || !std::strchr("'()+_,-./:=? ", c)))
            throw malformed("its boundary has characters that RFC 2046 does not allow");
    if (boundary.back() == ' ') throw malformed("its boundary ends on a space");
    // the first delimiter is like the others once a line end stands in front of it
    buffer_[0] = '\r', buffer_[1] = '\n';
    end_ = 2;
}

/// Reads more behind what is there; false at the end of the body.
bool Reader::fill() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_, begin_ = 0;
    }
    const std::size_t got = source_(buffer_.data() + end_, std::min(piece, buffer_.size() - end_));
    end_ += got;
    return got > 0;
}

/// Behind a delimiter: blanks and a line end, or the two hyphens of the last one.
void Reader::end_of_delimiter() {
    auto have = [&](std::size_t n) {
        while (end_ - begin_ < n)
            if (!fill()) throw malformed("its last boundary is missing");
        return std::string_view(buffer_.data() + begin_, n);
    };
    if (have(2) == "--") {
        begin_ += 2;
        place_ = Place::end;
        end_of_body();
        return;
    }
    while (have(1) == " " || have(1) == "\t") ++begin_;
    if (have(2) != "\r\n") throw malformed("a boundary does not fill its line");
    // the line end stays: a header without a line is at its end with it
    place_ = Place::header;
    if (++parts_ > max_parts) throw malformed("it has more than " + std::to_string(max_parts) + " parts");
}

/// What follows the last boundary is read, too, so that nothing of it is taken for something else.
void Reader::end_of_body() {
    do {
        for (; begin_ < end_; ++begin_)
            if (std::strchr(" \t\r\n", buffer_[begin_]) == nullptr || buffer_[begin_] == '\0')
                throw malformed("something follows its last boundary");
    } while (fill());
}

/// The lines of a part's header, without the empty one that ends it.
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
        if (!fill()) throw malformed("its last boundary is missing");
    }
}

std::optional<Part> Reader::next() {
    while (place_ == Place::content) read();
    if (place_ == Place::start) {
        // some clients begin with an empty line
        for (;;) {
            while (end_ - begin_ < delimiter_.size())
                if (!fill()) throw malformed("it does not begin with its boundary");
            const std::string_view here(buffer_.data() + begin_, end_ - begin_);
            if (here.starts_with(delimiter_)) break;
            if (!here.starts_with("\r\n\r\n")) throw malformed("it does not begin with its boundary");
            begin_ += 2;
        }
        begin_ += delimiter_.size();
        end_of_delimiter();
    }
    if (place_ == Place::end) return std::nullopt;
    Part part = part_of(header());
    place_ = Place::content;
    // the line end in front of a delimiter may be the one that ended the header: a part without a body (RFC 2046 5.1.1)
    begin_ -= 2;
    while (end_ - begin_ < delimiter_.size())
        if (!fill()) throw malformed("its last boundary is missing");
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
        // what could be the beginning of a delimiter waits for the rest of it
        const std::size_t sure =
            found != here.npos ? found : here.size() - std::min(here.size(), delimiter_.size() - 1);
        if (sure > 0) {
            begin_ += sure;
            return here.substr(0, sure);
        }
        if (!fill()) throw malformed("its last boundary is missing");
    }
}

}  // namespace api::multipart
