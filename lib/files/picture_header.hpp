// What the structure of a picture tells before it is decoded: its type, its size, its orientation, and where it ends.
#pragma once
#include <cstddef>
#include <string_view>

#include "files/picture_refusals.hpp"

namespace api {

/// The types of pictures that are accepted.
enum class PictureType { png, jpeg, webp };

/// What the structure of a file tells. It is only checked against the limits below; the decoder compares the size.
struct PictureHeader {
    PictureType type;
    unsigned width = 0;           ///< in pixels, as stored, before it is turned; at most most_side
    unsigned height = 0;          ///< the same
    unsigned components = 3;      ///< of a JPEG: 1 grey, 3 colour, 4 CMYK or YCCK
    bool full_colour = false;     ///< of a JPEG: its colours have as many samples as its brightness (4:4:4)
    bool inverted_inks = false;   ///< of a JPEG of four components: as Adobe writes it, 255 is no ink
    int orientation = 1;          ///< of EXIF, 1 to 8: how it has to be turned to be upright
    std::string_view bytes = {};  ///< the picture itself, without what may follow a JPEG
};

/// The longest side in pixels: the limit of WebP, which has 14 bits (RFC 6386 9.1); other formats
/// allow more.
inline constexpr unsigned most_side = 16'383;
/// The most pixels of a picture: they bound the memory of made_picture().
inline constexpr std::size_t most_pixels = 40'000'000;
/// The most pixels of a JPEG of four components. libjpeg-turbo holds all of a progressive JPEG: 12 bytes for each pixel
/// of four components, 9 for one of three.
inline constexpr std::size_t most_pixels_of_four = 30'000'000;
/// The most scans of a JPEG. Encoders make some ten, mozjpeg up to 14; each costs a walk over all pixels, however few
/// bytes it has.
inline constexpr int most_scans = 32;

/// Reads the structure of a PNG, JPEG or WebP from its beginning to its end and decodes nothing. Throws a Problem of
/// status 400 on the field `file`: not_a_picture, which says what it is instead, or that it is animated;
/// too_many_pixels; broken_picture where it is truncated, damaged, or followed by something else. A JPEG may be
/// followed by what cameras and phones write there: further JPEGs, zeros, and a trailer that ends on `SEFT`. None of it
/// becomes part of what is made.
PictureHeader read_picture_header(std::string_view file);

/// Checks the size of a picture against the limits. Throws a Problem as read_picture_header() does.
void check_picture_size(const PictureHeader& header);

}  // namespace api
