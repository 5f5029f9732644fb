// Reads the chunks of a PNG (W3C PNG 5, 11) without decoding it.
#pragma once
#include <string>
#include <string_view>

#include "files/picture_header.hpp"

namespace api {

/// The first bytes of every PNG (W3C PNG 5.2).
inline constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

/// Reads the structure of a file that begins with png_signature. Throws like read_picture_header().
PictureHeader read_png_header(std::string_view file);

/// The PNG with only the chunks that define its pixels and their colours: no text, no profile, no EXIF. The file must
/// be one that read_picture_header() has accepted.
std::string bare_png(std::string_view file);

}  // namespace api
