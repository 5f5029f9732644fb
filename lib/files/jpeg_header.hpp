// Reads the segments of a JPEG (ITU T.81 B) without decoding it.
#pragma once
#include <string_view>

#include "files/picture_header.hpp"

namespace api {

/// Reads the structure of a file that begins with FF D8 FF. PictureHeader::bytes is the first picture; further pictures
/// and the trailer of a phone may follow it. Throws like read_picture_header().
PictureHeader read_jpeg_header(std::string_view file);

}  // namespace api
