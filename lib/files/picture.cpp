// The only user of the image libraries. Each type is read and written by its reference library alone (libjpeg-turbo,
// libpng, libwebp), through its interface that returns errors and prints nothing.
#include "files/picture.hpp"

#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "files/picture_header.hpp"
#include "base/problem.hpp"

namespace api {

namespace {

constexpr std::chrono::seconds longest_wait{10};  // for other pictures; nginx waits for 60 s
/// From this number of pixels on, time counts more than the last tenth of a file's size.
constexpr std::size_t large = 4'000'000;
constexpr int usual_effort = 4, effort_of_large = 1;  // of WebP, of 6

/// Rows from the top, pixels from the left, without gaps; 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
struct Bitmap {
    unsigned width;
    unsigned height;
    unsigned channels;
    std::unique_ptr<unsigned char[]> pixels;

    Bitmap(unsigned width, unsigned height, unsigned channels)
        : width(width), height(height), channels(channels), pixels(new unsigned char[size()]) {}
    std::size_t size() const { return std::size_t{width} * height * channels; }
    bool has_alpha() const { return channels % 2 == 0; }
};

Problem broken() { return refused_picture(broken_picture); }

/// What cannot happen to pixels that we hold, except for want of memory.
void check(bool done) {
    if (!done) throw std::bad_alloc();
}

const unsigned char* data_of(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// -- JPEG

struct TurboDelete {
    void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, TurboDelete>;

/// Paper shows what light the inks leave: in place, four bytes become three.
void inks_to_light(Bitmap& bitmap, bool inverted) {
    const std::size_t pixels = std::size_t{bitmap.width} * bitmap.height;
    const unsigned char* from = bitmap.pixels.get();
    unsigned char* to = bitmap.pixels.get();
    for (std::size_t i = 0; i < pixels; ++i, from += 4) {
        const unsigned black = inverted ? from[3] : 255 - from[3];
        for (int ink = 0; ink < 3; ++ink) *to++ = (inverted ? from[ink] : 255 - from[ink]) * black / 255;
    }
    bitmap.channels = 3;
}

Bitmap read_jpeg(const PictureHeader& header) {
    Turbo turbo(tjInitDecompress());
    check(turbo != nullptr);
    int width = 0, height = 0, sampling = 0, colours = 0;
    const auto size = static_cast<unsigned long>(header.bytes.size());
    // another size would leave a part of the bitmap as it is
    if (tjDecompressHeader3(turbo.get(), data_of(header.bytes), size, &width, &height, &sampling, &colours) != 0 ||
        width != static_cast<int>(header.width) || height != static_cast<int>(header.height))
        throw broken();
    Bitmap bitmap(header.width, header.height, header.components);
    const int format = header.components == 1 ? TJPF_GRAY : header.components == 3 ? TJPF_RGB : TJPF_CMYK;
    if (tjDecompress2(turbo.get(), data_of(header.bytes), size, bitmap.pixels.get(), width, 0, height, format,
                      TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT) != 0)
        throw broken();
    if (header.components == 4) inks_to_light(bitmap, header.inverted_inks);
    return bitmap;
}

std::string write_jpeg(const Bitmap& bitmap, bool full_colour) {
    Turbo turbo(tjInitCompress());
    check(turbo != nullptr);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    const bool grey = bitmap.channels == 1;
    const int done = tjCompress2(turbo.get(), bitmap.pixels.get(), static_cast<int>(bitmap.width), 0,
                                 static_cast<int>(bitmap.height), grey ? TJPF_GRAY : TJPF_RGB, &bytes, &size,
                                 grey          ? TJSAMP_GRAY
                                 : full_colour ? TJSAMP_444
                                               : TJSAMP_420,
                                 picture_quality, TJFLAG_ACCURATEDCT);
    std::unique_ptr<unsigned char, decltype(&tjFree)> held(bytes, tjFree);
    check(done == 0);
    if (size > largest_made) throw refused_picture(heavy_picture);
    return {reinterpret_cast<char*>(bytes), size};
}

// -- PNG

/// libpng's own structure; frees what it still holds.
struct PngImage : png_image {
    PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
    PngImage(const PngImage&) = delete;
    ~PngImage() { png_image_free(this); }
};

Bitmap read_png(const PictureHeader& header) {
    const std::string bare = bare_png(header.bytes);
    PngImage image;
    if (!png_image_begin_read_from_memory(&image, bare.data(), bare.size()) || image.width != header.width ||
        image.height != header.height)
        throw broken();
    // 8 bits for each channel; 16 of them are taken to mean the same colours
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
    Bitmap bitmap(header.width, header.height, PNG_IMAGE_PIXEL_CHANNELS(image.format));
    if (!png_image_finish_read(&image, nullptr, bitmap.pixels.get(), 0, nullptr)) throw broken();
    return bitmap;
}

std::string write_png(const Bitmap& bitmap) {
    PngImage image;
    image.width = bitmap.width;
    image.height = bitmap.height;
    image.format =
        (bitmap.channels >= 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (bitmap.has_alpha() ? PNG_FORMAT_FLAG_ALPHA : 0);
    if (std::size_t{bitmap.width} * bitmap.height > large) image.flags |= PNG_IMAGE_FLAG_FAST;
    // what is not written to is never there
    png_alloc_size_t size = std::min<png_alloc_size_t>(PNG_IMAGE_PNG_SIZE_MAX(image), largest_made);
    std::unique_ptr<char[]> bytes(new char[size]);
    const bool done = png_image_write_to_memory(&image, bytes.get(), &size, 0, bitmap.pixels.get(), 0, nullptr);
    if (!done && size > largest_made)  // what it would have needed
        throw refused_picture(heavy_picture);
    check(done);
    return {bytes.get(), size};
}

// -- WebP

Bitmap read_webp(const PictureHeader& header) {
    WebPBitstreamFeatures features;
    const std::string_view bytes = header.bytes;
    if (WebPGetFeatures(data_of(bytes), bytes.size(), &features) != VP8_STATUS_OK || features.has_animation ||
        features.width != static_cast<int>(header.width) || features.height != static_cast<int>(header.height))
        throw broken();
    Bitmap bitmap(header.width, header.height, features.has_alpha ? 4 : 3);
    const auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
    if (!decode(data_of(bytes), bytes.size(), bitmap.pixels.get(), bitmap.size(),
                static_cast<int>(bitmap.width * bitmap.channels)))
        throw broken();
    return bitmap;
}

struct WebPSource : WebPPicture {
    WebPSource() { check(WebPPictureInit(this)); }
    WebPSource(const WebPSource&) = delete;
    ~WebPSource() { WebPPictureFree(this); }
};
struct WebPTarget : WebPMemoryWriter {
    WebPTarget() { WebPMemoryWriterInit(this); }
    WebPTarget(const WebPTarget&) = delete;
    ~WebPTarget() { WebPMemoryWriterClear(this); }
};

/// The bitmap gives its memory away.
std::string write_webp(Bitmap& bitmap) {
    WebPConfig config;
    check(WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, picture_quality));
    config.method = std::size_t{bitmap.width} * bitmap.height > large ? effort_of_large : usual_effort;
    config.low_memory = 1;
    WebPSource source;
    WebPTarget target;
    source.width = static_cast<int>(bitmap.width);
    source.height = static_cast<int>(bitmap.height);
    source.writer = WebPMemoryWrite;
    source.custom_ptr = &target;
    const auto import = bitmap.has_alpha() ? WebPPictureImportRGBA : WebPPictureImportRGB;
    check(import(&source, bitmap.pixels.get(), static_cast<int>(bitmap.width * bitmap.channels)));
    bitmap.pixels.reset();
    check(WebPEncode(&config, &source));
    if (target.size > largest_made) throw refused_picture(heavy_picture);
    return {reinterpret_cast<char*>(target.mem), target.size};
}

// -- pixels

Bitmap read(const PictureHeader& header) {
    switch (header.type) {
        case PictureType::png:
            return read_png(header);
        case PictureType::jpeg:
            return read_jpeg(header);
        default:
            return read_webp(header);
    }
}

/// The file of a bitmap, which is not needed any more.
std::string write(const PictureHeader& header, Bitmap& bitmap) {
    switch (header.type) {
        case PictureType::png:
            return write_png(bitmap);
        case PictureType::jpeg:
            return write_jpeg(bitmap, header.full_colour);
        default:
            return write_webp(bitmap);
    }
}

/// Turned as EXIF says: 2 to 4 mirror or turn it half, 5 to 8 make rows of columns.
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

/// Smaller, each pixel the mean of the area that it stands for. Colours count as much as they are opaque: those of
/// invisible pixels would make dark or bright fringes. Exact: a pixel of the source is `to` parts wide, one of the
/// target `from` parts.
Bitmap shrunk(const Bitmap& bitmap, unsigned width, unsigned height) {
    const unsigned channels = bitmap.channels, colours = bitmap.has_alpha() ? channels - 1 : channels;
    Bitmap target(width, height, channels);
    const std::size_t cells = std::size_t{width} * channels;
    // the largest sums: 16,383 · 255 · 255 fits into 32 bits, 40 million · 255 · 255 into 64
    std::vector<std::uint32_t> line(cells + channels);
    std::vector<std::uint64_t> sum(cells), next(cells);
    const std::uint64_t area = std::uint64_t{bitmap.width} * bitmap.height;
    unsigned char* to = target.pixels.get();
    auto write_line = [&] {
        for (std::size_t cell = 0; cell < cells; cell += channels) {
            const std::uint64_t alpha = bitmap.has_alpha() ? sum[cell + colours] : 0;
            const std::uint64_t whole = bitmap.has_alpha() ? alpha : area;
            for (unsigned c = 0; c < colours; ++c)
                *to++ = whole ? static_cast<unsigned char>((sum[cell + c] + whole / 2) / whole) : 0;
            if (bitmap.has_alpha()) *to++ = static_cast<unsigned char>((alpha + area / 2) / area);
        }
    };
    const unsigned char* from = bitmap.pixels.get();
    for (unsigned y = 0, filled = 0; y < bitmap.height; ++y) {
        std::fill(line.begin(), line.end(), 0);
        std::uint32_t* cell = line.data();
        for (unsigned x = 0, parts = 0; x < bitmap.width; ++x, from += channels) {
            const unsigned here = std::min(width, bitmap.width - parts), beyond = width - here;
            const unsigned alpha = bitmap.has_alpha() ? from[colours] : 1;
            for (unsigned c = 0; c < channels; ++c) {
                const unsigned value = c < colours ? from[c] * alpha : alpha;
                cell[c] += here * value;
                cell[channels + c] += beyond * value;
            }
            parts += width;
            if (parts >= bitmap.width) parts -= bitmap.width, cell += channels;
        }
        const unsigned here = std::min(height, bitmap.height - filled), beyond = height - here;
        for (std::size_t i = 0; i < cells; ++i) {
            sum[i] += std::uint64_t{here} * line[i];
            next[i] += std::uint64_t{beyond} * line[i];
        }
        filled += height;
        if (filled < bitmap.height) continue;
        filled -= bitmap.height;
        write_line();
        sum.swap(next);
        std::fill(next.begin(), next.end(), 0);
    }
    return target;
}

/// A side of the thumbnail of a picture whose longer side is `longest`.
unsigned scaled(unsigned side, unsigned longest) {
    return std::max(1u, (side * thumbnail_side + longest / 2) / longest);
}

constexpr std::string_view types[]{"image/png", "image/jpeg", "image/webp"};  // in the order of PictureType

/// One picture is made at a time. Not by a std::timed_mutex: GCC 12's ThreadSanitizer takes its unlock for a fault.
class Turn {
public:
    Turn() {
        std::unique_lock lock(mutex);
        if (!freed.wait_for(lock, longest_wait, [] { return !taken; }))
            throw unavailable("Other pictures are being made. Try again.", 5);
        taken = true;
    }
    ~Turn() {
        std::lock_guard lock(mutex);
        taken = false;
        freed.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    static inline std::mutex mutex;
    static inline std::condition_variable freed;
    static inline bool taken = false;
};

}  // namespace

Picture made_picture(std::string_view upload) {
    const PictureHeader header = read_picture_header(upload);
    const Turn turn;
    Picture made{.type = types[static_cast<int>(header.type)], .bytes = {}, .thumbnail = {}};
    Bitmap bitmap = upright(read(header), header.orientation);
    const unsigned longest = std::max(bitmap.width, bitmap.height);
    if (longest > thumbnail_side) {
        Bitmap small = shrunk(bitmap, scaled(bitmap.width, longest), scaled(bitmap.height, longest));
        made.thumbnail = write(header, small);
    }
    made.bytes = write(header, bitmap);
    if (longest <= thumbnail_side) made.thumbnail = made.bytes;
    return made;
}

}  // namespace api
