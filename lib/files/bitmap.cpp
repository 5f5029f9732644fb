// Rotates and scales pixels with integer arithmetic only, so that every machine produces the same bytes.
#include "files/bitmap.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace api {

namespace {

/// The sums of one target row, to which source rows are added. They are exact: along each side, a source pixel is
/// divided into as many parts as the target has pixels, so a target pixel covers as many parts as the source has
/// pixels.
class AreaSums {
public:
    AreaSums(const Bitmap& source, const Bitmap& target)
        : source_(source),
          target_(target),
          colours_(source.has_alpha() ? source.channels - 1 : source.channels),
          line_(std::size_t{target.width} * source.channels + source.channels),
          sum_(std::size_t{target.width} * source.channels),
          next_(sum_.size()) {}

    /// Sums a source row along the width of the target.
    void read_row(const unsigned char* from) {
        const unsigned channels = source_.channels, colours = colours_, width = target_.width;
        const unsigned source_width = source_.width;
        const bool has_alpha = source_.has_alpha();
        std::ranges::fill(line_, 0);
        std::uint32_t* cell = line_.data();
        for (unsigned x = 0, parts = 0; x < source_width; ++x, from += channels) {
            const unsigned here = std::min(width, source_width - parts), beyond = width - here;
            const unsigned alpha = has_alpha ? from[colours] : 1;
            for (unsigned c = 0; c < channels; ++c) {
                const unsigned value = c < colours ? from[c] * alpha : alpha;
                cell[c] += here * value;
                cell[channels + c] += beyond * value;
            }
            parts += width;
            if (parts >= source_width) parts -= source_width, cell += channels;
        }
    }

    /// Adds the row that was read: `here` parts of its height to the current target row, `beyond` parts to the next
    /// one.
    void add_row(unsigned here, unsigned beyond) {
        for (std::size_t i = 0; i < sum_.size(); ++i) {
            sum_[i] += std::uint64_t{here} * line_[i];
            next_[i] += std::uint64_t{beyond} * line_[i];
        }
    }

    /// Writes the means of the current target row and moves on to the next row. Returns the end of the row that was
    /// written.
    unsigned char* write_row(unsigned char* to) {
        const std::uint64_t area = std::uint64_t{source_.width} * source_.height;
        for (std::size_t cell = 0; cell < sum_.size(); cell += source_.channels) {
            const std::uint64_t alpha = source_.has_alpha() ? sum_[cell + colours_] : 0;
            const std::uint64_t whole = source_.has_alpha() ? alpha : area;
            for (unsigned c = 0; c < colours_; ++c)
                *to++ = whole ? static_cast<unsigned char>((sum_[cell + c] + whole / 2) / whole) : 0;
            if (source_.has_alpha()) *to++ = static_cast<unsigned char>((alpha + area / 2) / area);
        }
        sum_.swap(next_);
        std::ranges::fill(next_, 0);
        return to;
    }

private:
    const Bitmap& source_;
    const Bitmap& target_;
    const unsigned colours_;  ///< channels that are not alpha
    // the largest possible sums: 16,383 · 255 · 255 fits into 32 bits, 40 million · 255 · 255 into 64
    std::vector<std::uint32_t> line_;
    std::vector<std::uint64_t> sum_, next_;
};

}  // namespace

Bitmap upright(Bitmap bitmap, int orientation) {
    if (orientation == 1) return bitmap;
    const bool lying = orientation >= 5;
    Bitmap turned(lying ? bitmap.height : bitmap.width, lying ? bitmap.width : bitmap.height, bitmap.channels);
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const auto channels = static_cast<std::ptrdiff_t>(bitmap.channels);
    const std::ptrdiff_t row = channels * bitmap.width;
    const std::ptrdiff_t right = from_right ? -channels : channels, down = from_below ? -row : row;
    const unsigned char* corner = bitmap.pixels.get() + (from_right ? row - channels : 0) +
                                  (from_below ? row * (std::ptrdiff_t{bitmap.height} - 1) : 0);
    unsigned char* to = turned.pixels.get();
    for (unsigned y = 0; y < turned.height; ++y) {
        const unsigned char* from = corner + (lying ? right : down) * std::ptrdiff_t{y};
        for (unsigned x = 0; x < turned.width; ++x, from += lying ? down : right) to = std::copy_n(from, channels, to);
    }
    return turned;
}

Bitmap shrunk(const Bitmap& bitmap, unsigned width, unsigned height) {
    Bitmap target(width, height, bitmap.channels);
    AreaSums sums(bitmap, target);
    const std::size_t row = std::size_t{bitmap.width} * bitmap.channels;
    const unsigned char* from = bitmap.pixels.get();
    unsigned char* to = target.pixels.get();
    for (unsigned y = 0, filled = 0; y < bitmap.height; ++y, from += row) {
        sums.read_row(from);
        const unsigned here = std::min(height, bitmap.height - filled);
        sums.add_row(here, height - here);
        filled += height;
        if (filled < bitmap.height) continue;
        filled -= bitmap.height;
        to = sums.write_row(to);
    }
    return target;
}

}  // namespace api
