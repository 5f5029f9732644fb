// Unicode as hostile input needs it: is it UTF-8, how long is it, does it carry control characters.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api::unicode {

/// The number of code points, or nothing where the bytes are not well-formed UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
std::optional<std::size_t> length(std::string_view bytes);

/// True where a C0 or C1 control character or DEL stands in the text, other than tab, line feed and carriage return.
bool has_control(std::string_view text);
/// True where it has a line end, a tab, or a character that is not seen but changes what is: bidirectional controls,
/// zero-width spaces, soft hyphens, tags. The joiners U+200C and U+200D stay: some scripts need them.
bool has_hidden(std::string_view text);

/// The text without such characters and without line ends and tabs, at most so many code points of it.
std::string visible(std::string_view text, std::size_t most);

/// The text with its ASCII letters small; all others stay as they are.
std::string lower(std::string_view text);

/// True where the text consists of white space alone (or of nothing).
bool is_blank(std::string_view text);

}  // namespace api::unicode
