// The pixels of a picture between decoding and encoding, turning them upright, and scaling them down.
#pragma once
#include <cstddef>
#include <memory>

namespace api {

/// Pixels of 8 bits a channel, in rows from the top, from the left, without gaps. The channels are 1 grey, 2 grey and
/// alpha, 3 RGB, 4 RGB and alpha. Throws std::bad_alloc where there is no memory for them.
struct Bitmap {
    unsigned width;
    unsigned height;
    unsigned channels;
    std::unique_ptr<unsigned char[]> pixels;

    /// Pixels with any content, which a decoder writes over.
    Bitmap(unsigned width, unsigned height, unsigned channels)
        : width(width), height(height), channels(channels), pixels(new unsigned char[size()]) {}
    /// In bytes.
    std::size_t size() const { return std::size_t{width} * height * channels; }
    /// Whether the last channel is alpha.
    bool has_alpha() const { return channels % 2 == 0; }
};

/// The bitmap turned and mirrored as an orientation of EXIF says (1 to 8: tag 0x0112 of TIFF 6.0): 2 to 4 mirror it or
/// turn it by 180 degrees, 5 to 8 swap rows and columns.
Bitmap upright(Bitmap bitmap, int orientation);

/// The bitmap scaled down, each pixel the mean of the area that it covers. A colour counts by its alpha: the colours of
/// invisible pixels would make dark or bright fringes. Neither side is larger than that of the bitmap, and no side of
/// the bitmap is longer than 16,383 pixels.
Bitmap shrunk(const Bitmap& bitmap, unsigned width, unsigned height);

}  // namespace api
