// What a picture says of itself before anything of it is decoded: its type, its size, which way is up, where it ends.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/problem.hpp"

namespace api {

/// Why a file is no picture for a profile, always said of the field `file`.
inline constexpr Refusal not_a_picture{"not_a_picture", 400, "This is no PNG, JPEG or WebP that stands still."},
    broken_picture{"broken_picture", 400, "The picture is damaged or not complete."},
    too_many_pixels{"too_many_pixels", 400, "The picture has too many pixels."},
    heavy_picture{"heavy_picture", 400, "Made anew, this picture has more than 32 MiB. Send it with fewer pixels."};
/// The refusal, in other words where the case at hand has some.
Problem refused_picture(const Refusal& refusal, std::string detail = "");

enum class PictureType { png, jpeg, webp };

/// What the structure of a file tells; none of it is trusted beyond its limits.
struct PictureHeader {
    PictureType type;
    unsigned width = 0;           ///< as stored, before it is turned; at most most_side
    unsigned height = 0;          ///< the same
    unsigned components = 3;      ///< of a JPEG: 1 grey, 3 colour, 4 CMYK or YCCK
    bool full_colour = false;     ///< of a JPEG: its colours are as fine as its light (4:4:4)
    bool inverted_inks = false;   ///< of a JPEG of four components: Adobe's way, 255 is no ink
    int orientation = 1;          ///< of EXIF, 1 to 8: how it has to be turned to be upright
    std::string_view bytes = {};  ///< the picture itself, without what a JPEG may have behind its end
};

inline constexpr unsigned most_side = 16'383;  ///< the longest that WebP has; the other formats could say more
inline constexpr std::size_t most_pixels = 40'000'000;
/// A decoder holds all of a progressive JPEG: 12 bytes for each pixel of four components, 9 for one of three.
inline constexpr std::size_t most_pixels_of_four = 30'000'000;
/// Encoders make some ten scans, of mozjpeg up to 14; each is a walk over all pixels, however few bytes it has.
inline constexpr int most_scans = 32;

/// Reads the structure of a PNG, JPEG or WebP from end to end and decodes nothing. Throws a Problem of status 400 on
/// the field `file`: not_a_picture says what it is instead, or that it moves; too_many_pixels; broken_picture where
/// it is cut, damaged, or followed by something else. A JPEG may be followed by what cameras and telephones put
/// there: further JPEGs, zeros, and a trailer that ends on `SEFT`. None of it is part of what is made.
PictureHeader read_picture_header(std::string_view file);

/// The chunks of a PNG that make its pixels and their colours: no text, no profile, no EXIF. Of a file that
/// read_picture_header() has accepted.
std::string bare_png(std::string_view file);

/// The orientation that EXIF data (a TIFF header and its first directory) say; 1 where they say none.
int exif_orientation(std::string_view tiff);

}  // namespace api
