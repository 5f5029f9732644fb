// Decodes and encodes pictures with libjpeg-turbo, libpng and libwebp. Each type uses only its own library, through the
// interface that returns errors and prints nothing.
#pragma once
#include <string>

#include "files/bitmap.hpp"
#include "files/picture_header.hpp"

namespace api {

/// Decodes a picture as it is stored, without rotating it. Throws Problem 400 broken_picture if its bytes are damaged
/// or its size differs from that in the header, and std::bad_alloc if there is not enough memory.
Bitmap decode_picture(const PictureHeader& header);

/// Encodes a bitmap as the type of the header, a JPEG with the header's colour sampling. To save memory, it may free
/// the pixels of the bitmap, which is then empty afterwards. Throws Problem 400 heavy_picture if the file would be
/// larger than largest_made, and std::bad_alloc if there is not enough memory.
std::string encode_picture(const PictureHeader& header, Bitmap& bitmap);

}  // namespace api
