// A picture that somebody uploads, made into one that can be shown to everybody, and into a small one for lists.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace api {

/// Two files of one type: made anew from pixels, so nothing else of the upload is in them.
struct Picture {
    std::string_view type;  ///< image/png, image/jpeg or image/webp
    std::string bytes;
    std::string thumbnail;  ///< the whole picture, within thumbnail_side × thumbnail_side; a small one is itself
};

inline constexpr std::int64_t largest_picture = 5 << 20;  ///< in bytes, as somebody sends it
/// In bytes, of what is made of it: a PNG of few bytes can become one of 160 MB, because its filters are not kept.
inline constexpr std::size_t largest_made = 32 << 20;
inline constexpr unsigned thumbnail_side = 256;
inline constexpr int picture_quality = 90;  ///< of JPEG and WebP, of 100; a PNG stays as it is

/// The picture upright, without EXIF, GPS, XMP, comments and colour profile. Throws a Problem: 400 as
/// read_picture_header() does, or heavy_picture; and 503 where other pictures keep this program busy: there is one at a
/// time, so that at most 370 MiB are in use (of WebP with alpha; of others 350), and they go back to the system
/// afterwards.
Picture made_picture(std::string_view upload);

}  // namespace api
