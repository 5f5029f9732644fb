// Reads the type, the size, the orientation and the end of a picture from its structure, before it is decoded.
#pragma once
#include <cstddef>
#include <string_view>

#include "files/picture_refusals.hpp"

namespace api {

/// The types of pictures that are accepted.
enum class PictureType { png, jpeg, webp };

/// The facts in the structure of a file. They are only checked against the limits below; the decoder compares the size
/// with the pixels.
struct PictureHeader {
    PictureType type;
    unsigned width = 0;           ///< in pixels, as stored, before rotation; at most most_side
    unsigned height = 0;          ///< the same
    unsigned components = 3;      ///< JPEG: 1 grey, 3 colour, 4 CMYK or YCCK
    bool full_colour = false;     ///< JPEG: the colours have as many samples as the brightness (4:4:4)
    bool inverted_inks = false;   ///< JPEG with four components, written by Adobe: 255 means no ink
    int orientation = 1;          ///< EXIF, 1 to 8: how the picture must be rotated to be upright
    std::string_view bytes = {};  ///< the picture itself, without the data that may follow a JPEG
};

/// The longest side in pixels. It is the limit of WebP, which uses 14 bits (RFC 6386 9.1); other formats
/// allow more.
inline constexpr unsigned most_side = 16'383;
/// The most pixels of a picture. This limits the memory that made_picture() needs.
inline constexpr std::size_t most_pixels = 40'000'000;
/// The most pixels of a JPEG with four components. libjpeg-turbo keeps a whole progressive JPEG in memory: 12 bytes for
/// each pixel with four components, 9 for one with three.
inline constexpr std::size_t most_pixels_of_four = 30'000'000;
/// The most scans of a JPEG. Encoders write about ten, mozjpeg up to 14. The decoder visits all pixels for each scan,
/// even if the scan has only a few bytes.
inline constexpr int most_scans = 32;

/// Reads the structure of a PNG, JPEG or WebP from beginning to end; decodes nothing. Throws a Problem with status 400
/// on the field `file`: not_a_picture, which names the actual type or says that the picture is animated;
/// too_many_pixels; broken_picture if the file is truncated, damaged, or followed by other data. A JPEG may be followed
/// by data that cameras and phones write: further JPEGs, zeros, and a trailer that ends with `SEFT`. The re-encoded
/// picture contains none of this data.
PictureHeader read_picture_header(std::string_view file);

/// Checks the size of a picture against the limits. Throws a Problem like read_picture_header().
void check_picture_size(const PictureHeader& header);

}  // namespace api
