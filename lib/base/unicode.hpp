// Checks UTF-8 text from untrusted input: encoding, length, control and invisible characters.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api::unicode {

/// The number of code points, or nothing if the bytes are not well-formed UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
std::optional<std::size_t> length(std::string_view bytes);

/// True if the text contains a C0 or C1 control character or DEL, other than tab, line feed and carriage return. Here
/// and below, the text must be UTF-8.
bool has_control(std::string_view text);
/// True if the text contains a line end, a tab, or an invisible character (Unicode TR 36 2.6): bidirectional controls,
/// zero-width spaces, soft hyphens, tags. The joiners U+200C and U+200D are allowed, because some scripts need them.
bool has_hidden(std::string_view text);

/// The text without the characters of has_control() and has_hidden(), at most `most` code points of it.
std::string visible(std::string_view text, std::size_t most);

/// The text with its ASCII letters in lower case; all other characters are unchanged.
std::string lower(std::string_view text);

/// True if the text is empty or has only white space (the Unicode property White_Space).
bool is_blank(std::string_view text);

}  // namespace api::unicode
