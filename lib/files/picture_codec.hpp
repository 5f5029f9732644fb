// Decodes and encodes pictures, each type by its reference library alone (libjpeg-turbo, libpng, libwebp), through its
// interface that returns errors and prints nothing.
#pragma once
#include <string>

#include "files/bitmap.hpp"
#include "files/picture_header.hpp"

namespace api {

/// Decodes a picture, as it is stored: not turned. Throws Problem 400 broken_picture where its bytes are damaged or are
/// of another size than the header says, std::bad_alloc where there is no memory.
Bitmap decode_picture(const PictureHeader& header);

/// Encodes a bitmap as the type of the header, a JPEG with its colour sampling. Frees the pixels of the bitmap where
/// that saves memory, so it may have none afterwards. Throws Problem 400 heavy_picture where the file would be larger
/// than largest_made, std::bad_alloc where there is no memory.
std::string encode_picture(const PictureHeader& header, Bitmap& bitmap);

}  // namespace api
