// Reads the orientation of a photograph from its EXIF data.
#pragma once
#include <string_view>

namespace api {

/// The orientation in EXIF data (a TIFF 6.0 header and its first directory), 1 to 8; 1 if the data have
/// none. Never reads outside of the data.
int exif_orientation(std::string_view tiff);

}  // namespace api
