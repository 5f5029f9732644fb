// Re-encodes an uploaded picture, so that it is safe to show to all users, and scales it down for lists.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace api {

/// Two files of the same type. They are encoded from the pixels, so they contain nothing else of the upload.
struct Picture {
    std::string_view type;  ///< image/png, image/jpeg or image/webp
    std::string bytes;      ///< the whole picture
    std::string thumbnail;  ///< scaled down to thumbnail_side × thumbnail_side; a smaller picture is not scaled
};

/// The largest picture that may be uploaded, in bytes.
inline constexpr std::int64_t largest_picture = 5 << 20;
/// The largest file that re-encoding may produce, in bytes. A small PNG can become a file of 160 MB, because its
/// filters are not kept.
inline constexpr std::size_t largest_made = 32 << 20;
/// The longest side of a thumbnail, in pixels.
inline constexpr unsigned thumbnail_side = 256;
/// The quality of JPEG and WebP, from 0 to 100; PNG is lossless.
inline constexpr int picture_quality = 90;

/// The picture re-encoded upright, without EXIF, GPS, XMP, comments and colour profile. Throws a Problem: 400 like
/// read_picture_header(), broken_picture if its pixels are damaged, heavy_picture if it becomes larger than
/// largest_made; and 503 if other pictures keep this process busy for 10 seconds. One picture is processed at a time,
/// so that at most 370 MiB of memory are in use (for WebP with alpha; 350 MiB for others). This memory is returned to
/// the system afterwards.
Picture made_picture(std::string_view upload);

}  // namespace api
