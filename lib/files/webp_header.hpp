// Reads the chunks of a WebP (RFC 9649 2) without decoding it.
#pragma once
#include <string_view>

#include "files/picture_header.hpp"

namespace api {

/// Reads the structure of a file of at least 12 bytes that begins with `RIFF`, a size and `WEBP`. Throws like
/// read_picture_header().
PictureHeader read_webp_header(std::string_view file);

}  // namespace api
