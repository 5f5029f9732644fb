// Decodes UTF-8 with Boost.Locale's header-only decoder, which rejects overlong forms and surrogates.
#include "base/unicode.hpp"

#include <boost/locale/utf.hpp>

namespace api::unicode {

namespace utf = boost::locale::utf;

std::optional<std::size_t> length(std::string_view bytes) {
    std::size_t count = 0;
    for (auto at = bytes.begin(); at != bytes.end(); ++count) {
        utf::code_point c = utf::utf_traits<char>::decode(at, bytes.end());
        if (c == utf::illegal || c == utf::incomplete) return std::nullopt;
    }
    return count;
}

bool has_control(std::string_view text) {
    for (auto at = text.begin(); at != text.end();) {
        utf::code_point c = utf::utf_traits<char>::decode(at, text.end());
        if (c == '\t' || c == '\n' || c == '\r') continue;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return true;
    }
    return false;
}

bool has_hidden(std::string_view text) {
    for (auto at = text.begin(); at != text.end();) {
        utf::code_point c = utf::utf_traits<char>::decode(at, text.end());
        if (c == '\t' || c == '\n' || c == '\r' || c == 0xad || c == 0x61c || c == 0x180e || c == 0x200b ||
            c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
            (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f))
            return true;
    }
    return false;
}

std::string visible(std::string_view text, std::size_t most) {
    std::string kept;
    std::size_t count = 0;
    for (auto at = text.begin(); at != text.end() && count < most;) {
        const auto start = at;
        utf::utf_traits<char>::decode(at, text.end());
        const std::string_view character(&*start, static_cast<std::size_t>(at - start));
        if (has_control(character) || has_hidden(character)) continue;
        kept += character;
        ++count;
    }
    return kept;
}

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return small;
}

bool is_blank(std::string_view text) {
    for (auto at = text.begin(); at != text.end();) {
        utf::code_point c = utf::utf_traits<char>::decode(at, text.end());
        // Unicode property White_Space
        bool white = (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
                     (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
                     c == 0x3000;
        if (!white) return false;
    }
    return true;
}

}  // namespace api::unicode
