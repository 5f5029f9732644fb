// The pixels of a picture between decoding and encoding: rotates them upright and scales them down.
#pragma once
#include <cstddef>
#include <memory>

namespace api {

/// Pixels with 8 bits per channel, in rows from top to bottom, each from left to right, without gaps. The channels are
/// 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Throws std::bad_alloc if there is not enough memory.
struct Bitmap {
    unsigned width;
    unsigned height;
    unsigned channels;
    std::unique_ptr<unsigned char[]> pixels;

    /// The pixels are not initialised; a decoder overwrites them.
    Bitmap(unsigned width, unsigned height, unsigned channels)
        : width(width), height(height), channels(channels), pixels(new unsigned char[size()]) {}
    /// In bytes.
    std::size_t size() const { return std::size_t{width} * height * channels; }
    /// Whether the last channel is alpha.
    bool has_alpha() const { return channels % 2 == 0; }
};

/// The bitmap rotated and mirrored according to an EXIF orientation (1 to 8: tag 0x0112 of TIFF 6.0): 2 to 4 mirror it
/// or rotate it by 180 degrees, 5 to 8 swap rows and columns.
Bitmap upright(Bitmap bitmap, int orientation);

/// The bitmap scaled down; each pixel is the mean of the area that it covers. Colours are weighted by their alpha,
/// because the colours of invisible pixels would cause dark or bright fringes. Width and height must not be larger than
/// those of the bitmap, and no side of the bitmap may be longer than 16,383 pixels.
Bitmap shrunk(const Bitmap& bitmap, unsigned width, unsigned height);

}  // namespace api
