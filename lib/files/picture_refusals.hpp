// The reasons why a picture is refused.
#pragma once
#include <string>

#include "base/problem.hpp"

namespace api {

/// Why a file is refused as a profile picture.
inline constexpr Refusal not_a_picture{"not_a_picture", 400, "The file is not a PNG, JPEG or WebP, or it is animated."},
    broken_picture{"broken_picture", 400, "The picture is damaged or incomplete."},
    too_many_pixels{"too_many_pixels", 400, "The picture has too many pixels."},
    heavy_picture{"heavy_picture", 400, "Re-encoded, this picture is larger than 32 MiB. Send it with fewer pixels."};

/// The refusal as a problem on the field `file`. `detail` replaces its sentence if it is not empty.
Problem refused_picture(const Refusal& refusal, std::string detail = "");
/// broken_picture. `detail` replaces its sentence if it is not empty.
Problem damaged_picture(const char* detail = "");
/// broken_picture, for a file with more bytes after the end of the picture.
Problem picture_with_trailer();
/// not_a_picture, for an animation.
Problem animated_picture();

}  // namespace api
