// Makes a picture that a user uploads safe to show to everybody, and scales it down for lists.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace api {

/// Two files of one type, encoded from pixels, so that nothing else of the upload is in them.
struct Picture {
    std::string_view type;  ///< image/png, image/jpeg or image/webp
    std::string bytes;      ///< the whole picture
    std::string thumbnail;  ///< the same, scaled down to thumbnail_side × thumbnail_side; a smaller one is not scaled
};

/// The largest picture that may be uploaded, in bytes.
inline constexpr std::int64_t largest_picture = 5 << 20;
/// The largest file that is made of it, in bytes: a PNG of few bytes can become one of 160 MB, because its filters are
/// not kept.
inline constexpr std::size_t largest_made = 32 << 20;
/// The longest side of a thumbnail, in pixels.
inline constexpr unsigned thumbnail_side = 256;
/// The quality of JPEG and WebP, from 0 to 100; a PNG is lossless.
inline constexpr int picture_quality = 90;

/// The picture upright, without EXIF, GPS, XMP, comments and colour profile. Throws a Problem: 400 as
/// read_picture_header() does, broken_picture where its pixels are damaged, heavy_picture where it becomes larger than
/// largest_made; and 503 where other pictures keep this process busy for 10 seconds. One is made at a time, so that at
/// most 370 MiB are in use (for WebP with alpha; for others 350), and they are returned to the system afterwards.
Picture made_picture(std::string_view upload);

}  // namespace api
