// Reads the orientation of a photograph from its EXIF data.
#pragma once
#include <string_view>

namespace api {

/// The orientation that EXIF data (a TIFF 6.0 header and its first directory) contain, 1 to 8; 1 where
/// they contain none. Never reads outside of the data.
int exif_orientation(std::string_view tiff);

}  // namespace api
