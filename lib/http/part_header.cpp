// Reads Content-Disposition (RFC 6266, RFC 7578 4.2) and its parameters.
#include "http/part_header.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/text.hpp"
#include "base/unicode.hpp"

namespace api::multipart {

namespace {

/// Whether two words are equal, ignoring the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b) { return unicode::lower(a) == unicode::lower(b); }

bool is_token_character(char c) {  // RFC 9110 5.6.2
    return std::isalnum(static_cast<unsigned char>(c)) || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

/// Removes spaces and tabs from the front of a text.
void skip_spaces(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }
/// Removes a token (RFC 9110 5.6.2) from the front of a text; returns an empty text if there is none.
std::string_view take_token(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_token_character(text[length])) ++length;
    const std::string_view token = text.substr(0, length);
    text.remove_prefix(length);
    return token;
}
/// Removes a character from the front of a text; false if the text begins with another one.
bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// The rest of a quoted string after its first quote. A backslash escapes only a quote or a backslash; before any other
/// character it is literal, because browsers send Windows paths without escapes.
std::string take_quoted(std::string_view& text) {
    std::string value;
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1 && (text[1] == '"' || text[1] == '\\')) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    if (!take(text, '"')) throw malformed("a quoted value has no closing quote");
    return value;
}

/// The value of a hexadecimal digit of a percent escape.
int hex_digit(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::size_t found = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (found == digits.npos) throw malformed("a percent escape in filename* is not valid");
    return static_cast<int>(found);
}

/// The text of `UTF-8''%e2%82%ac.txt` (RFC 8187).
std::string extended(std::string_view value) {
    const std::size_t first = value.find('\''), second = value.find('\'', first == value.npos ? first : first + 1);
    if (second == value.npos || !same_word(value.substr(0, first), "utf-8"))
        throw malformed("filename* is not in UTF-8");
    value.remove_prefix(second + 1);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '%') {
            text += value[i];
            continue;
        }
        if (i + 2 >= value.size()) throw malformed("a percent escape in filename* is not valid");
        text += static_cast<char>(hex_digit(value[i + 1]) << 4 | hex_digit(value[i + 2]));
        i += 2;
    }
    return text;
}

/// Checks that a name is UTF-8 without control characters, and returns it.
std::string checked(std::string text) {
    if (!unicode::length(text)) throw malformed("a name is not UTF-8");
    if (unicode::has_control(text) || text.find_first_of("\t\r\n") != text.npos)
        throw malformed("a name has control characters");
    return text;
}

/// Reads the parameters of a Content-Disposition into a part.
void read_disposition(std::string_view value, Part& part) {
    if (!same_word(take_token(value), "form-data")) throw malformed("a part is not form-data");
    std::optional<std::string> name, plain, with_asterisk;
    for (skip_spaces(value); !value.empty(); skip_spaces(value)) {
        if (!take(value, ';')) throw malformed("a Content-Disposition cannot be read");
        skip_spaces(value);
        if (value.empty()) break;  // a semicolon at the end
        const std::string_view parameter = take_token(value);
        if (parameter.empty() || !take(value, '=')) throw malformed("a Content-Disposition cannot be read");
        std::string given = take(value, '"') ? take_quoted(value) : std::string(take_token(value));
        auto once = [&](std::optional<std::string>& into, std::string text) {
            if (into) throw malformed("a Content-Disposition has a parameter twice");
            into = checked(std::move(text));
        };
        if (same_word(parameter, "name"))
            once(name, std::move(given));
        else if (same_word(parameter, "filename"))
            once(plain, std::move(given));
        else if (same_word(parameter, "filename*"))
            once(with_asterisk, extended(given));
    }
    if (!name || name->empty()) throw malformed("a part has no name");
    part.name = std::move(*name);
    part.file_name = with_asterisk ? std::move(with_asterisk) : std::move(plain);  // RFC 6266 4.3
}

}  // namespace

Problem malformed(const std::string& reason) { return Problem(refusals::malformed_form, reason); }

Part part_of(std::string_view header) {
    Part part;
    bool has_disposition = false;
    while (!header.empty()) {
        const std::size_t end = std::min(header.find("\r\n"), header.size());
        std::string_view line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const std::string_view name = take_token(line);
        // a folded line is refused: it begins with a space, which is not a token
        if (name.empty() || !take(line, ':')) throw malformed("the header of a part cannot be read");
        if (line.find_first_of(std::string_view("\0\r\n", 3)) != line.npos)
            throw malformed("the header of a part has control characters");
        const std::string_view value = trim(line);
        if (same_word(name, "Content-Disposition")) {
            if (has_disposition) throw malformed("a part has two Content-Dispositions");
            has_disposition = true;
            read_disposition(value, part);
        }
        // RFC 7578 4.7: no client sends other encodings
        if (same_word(name, "Content-Transfer-Encoding") && !same_word(value, "binary") && !same_word(value, "8bit") &&
            !same_word(value, "7bit"))
            throw malformed("a part has an unsupported Content-Transfer-Encoding");
    }
    if (!has_disposition) throw malformed("a part has no Content-Disposition");
    return part;
}

}  // namespace api::multipart
