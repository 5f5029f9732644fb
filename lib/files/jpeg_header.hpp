// Walks the segments of a JPEG (ITU T.81 B).
#pragma once
#include <string_view>

#include "files/picture_header.hpp"

namespace api {

/// Reads the structure of a file that begins with FF D8 FF. The bytes of the header are the first picture: further ones
/// and a trailer of a phone may follow it. Throws as read_picture_header() does.
PictureHeader read_jpeg_header(std::string_view file);

}  // namespace api
