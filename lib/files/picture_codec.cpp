// The only file that uses the image libraries libjpeg-turbo, libpng and libwebp.
#include "files/picture_codec.hpp"

#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string_view>

#include "files/picture.hpp"
#include "files/png_header.hpp"

namespace api {

namespace {

/// In pixels: for larger pictures, speed matters more than the last tenth of the file size.
constexpr std::size_t large = 4'000'000;
/// The `method` of libwebp, from 0 (fastest) to 6.
constexpr int usual_effort = 4, effort_of_large = 1;

/// Throws std::bad_alloc if a library fails although the pixels are valid: only a lack of memory can cause that.
void check(bool done) {
    if (!done) throw std::bad_alloc();
}

const unsigned char* data_of(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// -- JPEG

struct TurboDelete {
    void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, TurboDelete>;

/// Converts CMYK to RGB in place: four bytes become three.
void convert_cmyk_to_rgb(Bitmap& bitmap, bool inverted) {
    const std::size_t pixels = std::size_t{bitmap.width} * bitmap.height;
    const unsigned char* from = bitmap.pixels.get();
    unsigned char* to = bitmap.pixels.get();
    for (std::size_t i = 0; i < pixels; ++i, from += 4) {
        const unsigned black = inverted ? from[3] : 255 - from[3];
        for (int ink = 0; ink < 3; ++ink) *to++ = (inverted ? from[ink] : 255 - from[ink]) * black / 255;
    }
    bitmap.channels = 3;
}

Bitmap decode_jpeg(const PictureHeader& header) {
    Turbo turbo(tjInitDecompress());
    check(turbo != nullptr);
    int width = 0, height = 0, sampling = 0, colours = 0;
    const auto size = static_cast<unsigned long>(header.bytes.size());
    // if the size differed, a part of the bitmap would stay unwritten
    if (tjDecompressHeader3(turbo.get(), data_of(header.bytes), size, &width, &height, &sampling, &colours) != 0 ||
        width != static_cast<int>(header.width) || height != static_cast<int>(header.height))
        throw damaged_picture();
    Bitmap bitmap(header.width, header.height, header.components);
    const int format = header.components == 1 ? TJPF_GRAY : header.components == 3 ? TJPF_RGB : TJPF_CMYK;
    if (tjDecompress2(turbo.get(), data_of(header.bytes), size, bitmap.pixels.get(), width, 0, height, format,
                      TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT) != 0)
        throw damaged_picture();
    if (header.components == 4) convert_cmyk_to_rgb(bitmap, header.inverted_inks);
    return bitmap;
}

std::string encode_jpeg(const Bitmap& bitmap, bool full_colour) {
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

/// libpng's own structure, extended to free its memory.
struct PngImage : png_image {
    PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
    PngImage(const PngImage&) = delete;
    ~PngImage() { png_image_free(this); }
};

Bitmap decode_png(const PictureHeader& header) {
    const std::string bare = bare_png(header.bytes);
    PngImage image;
    if (!png_image_begin_read_from_memory(&image, bare.data(), bare.size()) || image.width != header.width ||
        image.height != header.height)
        throw damaged_picture();
    // 8 bits per channel; channels of 16 bits are read as sRGB, too
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
    Bitmap bitmap(header.width, header.height, PNG_IMAGE_PIXEL_CHANNELS(image.format));
    if (!png_image_finish_read(&image, nullptr, bitmap.pixels.get(), 0, nullptr)) throw damaged_picture();
    return bitmap;
}

std::string encode_png(const Bitmap& bitmap) {
    PngImage image;
    image.width = bitmap.width;
    image.height = bitmap.height;
    image.format =
        (bitmap.channels >= 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (bitmap.has_alpha() ? PNG_FORMAT_FLAG_ALPHA : 0);
    if (std::size_t{bitmap.width} * bitmap.height > large) image.flags |= PNG_IMAGE_FLAG_FAST;
    // the kernel allocates only the pages of this buffer that are written to
    png_alloc_size_t size = std::min<png_alloc_size_t>(PNG_IMAGE_PNG_SIZE_MAX(image), largest_made);
    std::unique_ptr<char[]> bytes(new char[size]);
    const bool done = png_image_write_to_memory(&image, bytes.get(), &size, 0, bitmap.pixels.get(), 0, nullptr);
    if (!done && size > largest_made)  // size is now the size that the file would have had
        throw refused_picture(heavy_picture);
    check(done);
    return {bytes.get(), size};
}

// -- WebP

Bitmap decode_webp(const PictureHeader& header) {
    WebPBitstreamFeatures features;
    const std::string_view bytes = header.bytes;
    if (WebPGetFeatures(data_of(bytes), bytes.size(), &features) != VP8_STATUS_OK || features.has_animation ||
        features.width != static_cast<int>(header.width) || features.height != static_cast<int>(header.height))
        throw damaged_picture();
    Bitmap bitmap(header.width, header.height, features.has_alpha ? 4 : 3);
    const auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
    if (!decode(data_of(bytes), bytes.size(), bitmap.pixels.get(), bitmap.size(),
                static_cast<int>(bitmap.width * bitmap.channels)))
        throw damaged_picture();
    return bitmap;
}

/// libwebp's own structures, extended to free their memory.
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

/// Frees the bitmap's pixels once libwebp has its own copy, and then encodes that copy.
std::string encode_webp(Bitmap& bitmap) {
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

}  // namespace

Bitmap decode_picture(const PictureHeader& header) {
    switch (header.type) {
        case PictureType::png:
            return decode_png(header);
        case PictureType::jpeg:
            return decode_jpeg(header);
        default:
            return decode_webp(header);
    }
}

std::string encode_picture(const PictureHeader& header, Bitmap& bitmap) {
    switch (header.type) {
        case PictureType::png:
            return encode_png(bitmap);
        case PictureType::jpeg:
            return encode_jpeg(bitmap, header.full_colour);
        default:
            return encode_webp(bitmap);
    }
}

}  // namespace api
