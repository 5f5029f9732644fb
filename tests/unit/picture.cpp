// Pictures: what is accepted, what is refused with its name, and what is kept of an upload.
#include "files/picture.hpp"

#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "base/problem.hpp"
#include "files/exif.hpp"
#include "files/picture_header.hpp"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Pixels = std::vector<unsigned char>;

struct Image {
    int width, height, channels;
    Pixels pixels;
    unsigned at(int x, int y, int channel) const { return pixels[(y * width + x) * channels + channel]; }
};

const unsigned char* data_of(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// Each pixel as a function of position and channel.
Image painted(int width, int height, int channels, const std::function<int(int, int, int)>& paint) {
    Image image{width, height, channels, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c) image.pixels.push_back(static_cast<unsigned char>(paint(x, y, c)));
    return image;
}

/// Four quarters of different brightness, so that every rotation and reflection gives another picture.
Image quarters(int width, int height, int channels = 3) {
    return painted(width, height, channels, [=](int x, int y, int c) {
        return c == 3 ? 255 : x * 2 < width ? (y * 2 < height ? 250 : 170) : y * 2 < height ? 90 : 10;
    });
}

Image noise(int width, int height, int channels) {
    unsigned random = 1;
    return painted(width, height, channels,
                   [&](int, int, int) { return (random = random * 1664525 + 1013904223) >> 24; });
}

std::string jpeg(const Image& image, int sampling = TJSAMP_444, int flags = 0) {
    const int format = image.channels == 1 ? TJPF_GRAY : image.channels == 3 ? TJPF_RGB : TJPF_CMYK;
    tjhandle turbo = tjInitCompress();
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    BOOST_REQUIRE(tjCompress2(turbo, image.pixels.data(), image.width, 0, image.height, format, &bytes, &size,
                              image.channels == 1 ? TJSAMP_GRAY : sampling, 95, flags) == 0);
    std::string file(reinterpret_cast<char*>(bytes), size);
    tjFree(bytes);
    tjDestroy(turbo);
    return file;
}

std::string big(std::size_t value, int size = 4) {
    std::string bytes;
    for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

std::string little(std::size_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}

/// A chunk of a PNG with its checksum.
std::string chunk(const std::string& name, const std::string& data) {
    std::uint32_t crc = 0xffffffff;
    for (unsigned char c : name + data) {
        crc ^= c;
        for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return big(data.size()) + name + data + big(crc ^ 0xffffffff);
}

constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";

/// A PNG of any kind that libpng can write.
std::string png(int width, int height, int depth, int colour, const std::vector<std::string>& rows,
                bool interlaced = false) {
    std::string file;
    png_structp write = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(write);
    png_set_write_fn(
        write, &file,
        [](png_structp p, png_bytep bytes, std::size_t size) {
            static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<char*>(bytes), size);
        },
        nullptr);
    png_set_IHDR(write, info, width, height, depth, colour, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    const png_color palette[]{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {9, 9, 9}};
    const png_byte alphas[]{255, 128, 0};
    if (colour == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(write, info, palette, 4);
        png_set_tRNS(write, info, alphas, 3, nullptr);
    }
    std::vector<png_bytep> lines;
    for (const std::string& row : rows) lines.push_back(const_cast<png_bytep>(data_of(row)));
    png_set_rows(write, info, lines.data());
    png_write_png(write, info, PNG_TRANSFORM_IDENTITY, nullptr);
    png_destroy_write_struct(&write, &info);
    return file;
}

std::string png(const Image& image, bool interlaced = false) {
    std::vector<std::string> rows;
    const std::size_t row = static_cast<std::size_t>(image.width) * image.channels;
    for (int y = 0; y < image.height; ++y)
        rows.emplace_back(reinterpret_cast<const char*>(image.pixels.data()) + y * row, row);
    constexpr int colours[]{0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};
    return png(image.width, image.height, 8, colours[image.channels], rows, interlaced);
}

std::string webp(const Image& image, bool lossless = false) {
    std::uint8_t* bytes = nullptr;
    const int w = image.width, h = image.height;
    const std::uint8_t* p = image.pixels.data();
    const std::size_t size =
        image.channels == 4
            ? (lossless ? WebPEncodeLosslessRGBA(p, w, h, w * 4, &bytes) : WebPEncodeRGBA(p, w, h, w * 4, 95, &bytes))
            : (lossless ? WebPEncodeLosslessRGB(p, w, h, w * 3, &bytes) : WebPEncodeRGB(p, w, h, w * 3, 95, &bytes));
    std::string file(reinterpret_cast<char*>(bytes), size);
    WebPFree(bytes);
    return file;
}

/// A chunk of a WebP.
std::string piece(const std::string& name, const std::string& data) {
    return name + little(data.size()) + data + std::string(data.size() % 2, '\0');
}

/// A simple WebP in the extended format, with chunks after its pixels.
std::string extended(const std::string& simple, int flags, int width, int height, const std::string& pieces) {
    const std::string header =
        piece("VP8X", little(flags) + little(width - 1).substr(0, 3) + little(height - 1).substr(0, 3));
    const std::string body = "WEBP" + header + simple.substr(12) + pieces;
    return "RIFF" + little(body.size()) + body;
}

Image decoded(std::string_view file) {
    Image image{};
    if (file.starts_with(signature)) {
        png_image read{};
        read.version = PNG_IMAGE_VERSION;
        BOOST_REQUIRE(png_image_begin_read_from_memory(&read, file.data(), file.size()));
        read.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
        image = {static_cast<int>(read.width), static_cast<int>(read.height),
                 static_cast<int>(PNG_IMAGE_PIXEL_CHANNELS(read.format)), Pixels(PNG_IMAGE_SIZE(read))};
        BOOST_REQUIRE(png_image_finish_read(&read, nullptr, image.pixels.data(), 0, nullptr));
    } else if (file.starts_with("RIFF")) {
        WebPBitstreamFeatures features;
        BOOST_REQUIRE(WebPGetFeatures(data_of(file), file.size(), &features) == VP8_STATUS_OK);
        image = {features.width, features.height, features.has_alpha ? 4 : 3, {}};
        image.pixels.resize(static_cast<std::size_t>(image.width) * image.height * image.channels);
        auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
        BOOST_REQUIRE(
            decode(data_of(file), file.size(), image.pixels.data(), image.pixels.size(), image.width * image.channels));
    } else {
        tjhandle turbo = tjInitDecompress();
        int sampling = 0, colours = 0;
        BOOST_REQUIRE(tjDecompressHeader3(turbo, data_of(file), file.size(), &image.width, &image.height, &sampling,
                                          &colours) == 0);
        image.channels = colours == TJCS_GRAY ? 1 : 3;
        image.pixels.resize(static_cast<std::size_t>(image.width) * image.height * image.channels);
        BOOST_REQUIRE(tjDecompress2(turbo, data_of(file), file.size(), image.pixels.data(), image.width, 0,
                                    image.height, image.channels == 1 ? TJPF_GRAY : TJPF_RGB, 0) == 0);
        tjDestroy(turbo);
    }
    return image;
}

/// EXIF with an orientation, in either byte order, and a location.
std::string exif(int orientation, bool little_endian = false) {
    const std::string place = "GPS 52.5 N 13.4 E";
    if (little_endian)
        return "II*\0\x08\0\0\0\x02\0"s + "\x01\x01\x03\0\x01\0\0\0\x07\0\0\0"s + "\x12\x01\x03\0\x01\0\0\0"s +
               static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s + place;
    return "MM\0*\0\0\0\x08\0\x01"s + "\x01\x12\0\x03\0\0\0\x01\0"s + static_cast<char>(orientation) + "\0\0\0\0\0\0"s +
           place;
}

/// A JPEG with a segment after its start.
std::string with_segment(const std::string& file, int marker, const std::string& data) {
    return file.substr(0, 2) + '\xff' + static_cast<char>(marker) + big(data.size() + 2, 2) + data + file.substr(2);
}

/// A PNG with a chunk after its header.
std::string with_chunk(const std::string& file, const std::string& one) {
    return file.substr(0, 33) + one + file.substr(33);
}

/// The code and sentence of the error; the errors must have the same sentence for `file`. Empty if it is accepted.
std::string refusal(std::string_view file) {
    try {
        api::made_picture(file);
        return "";
    } catch (const api::Problem& problem) {
        BOOST_TEST(problem.status == 400);
        BOOST_REQUIRE(problem.errors.contains("file"));
        BOOST_TEST(problem.errors.at("file")[0] == problem.detail);
        return problem.code + ": " + problem.detail;
    }
}

std::string code(std::string_view file) {
    const std::string said = refusal(file);
    return said.substr(0, said.find(':'));
}

/// The quarter at each of the four corners, row by row from the top left.
std::vector<int> corners(const Image& image) {
    std::vector<int> found;
    for (int y : {1, image.height - 2})
        for (int x : {1, image.width - 2}) found.push_back((static_cast<int>(image.at(x, y, 0)) + 40) / 80);
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(picture)

BOOST_AUTO_TEST_CASE(each_type_is_kept_and_gets_a_thumbnail) {
    const Image image = quarters(600, 400);
    for (auto [file, type] : {std::pair{png(image), "image/png"},
                              {jpeg(image), "image/jpeg"},
                              {jpeg(image, TJSAMP_420, TJFLAG_PROGRESSIVE), "image/jpeg"},
                              {webp(image), "image/webp"},
                              {webp(image, true), "image/webp"},
                              {png(image, true), "image/png"}}) {
        const api::Picture made = api::made_picture(file);
        BOOST_TEST(made.type == type);
        const Image picture = decoded(made.bytes), thumbnail = decoded(made.thumbnail);
        BOOST_TEST(picture.width == 600);
        BOOST_TEST(picture.height == 400);
        BOOST_TEST(thumbnail.width == 256);
        BOOST_TEST(thumbnail.height == 171);
        const std::vector<int> as_painted{3, 1, 2, 0};
        BOOST_TEST(corners(picture) == as_painted);
        BOOST_TEST(corners(thumbnail) == as_painted);
    }
}

BOOST_AUTO_TEST_CASE(a_png_keeps_every_pixel) {
    for (int channels : {1, 2, 3, 4}) {
        const Image image = noise(97, 61, channels);
        for (bool interlaced : {false, true}) {
            const api::Picture made = api::made_picture(png(image, interlaced));
            const Image picture = decoded(made.bytes);
            BOOST_TEST(picture.channels == channels);
            BOOST_TEST((picture.pixels == image.pixels));
            BOOST_TEST(made.thumbnail == made.bytes);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_png_can_have_16_bits_or_a_palette) {
    const Image deep = decoded(
        api::made_picture(png(2, 1, 16, PNG_COLOR_TYPE_RGB, {"\x12\x34\xff\xff\0\0\x80\x80\x40\x40\x20\x20"s})).bytes);
    BOOST_TEST(deep.channels == 3);
    BOOST_TEST((deep.pixels == Pixels{0x12, 255, 0, 128, 64, 32}));
    const Image shallow = decoded(api::made_picture(png(8, 1, 1, PNG_COLOR_TYPE_GRAY, {"\xa0"})).bytes);
    BOOST_TEST(shallow.channels == 1);
    BOOST_TEST((shallow.pixels == Pixels{255, 0, 255, 0, 0, 0, 0, 0}));
    const Image palette = decoded(api::made_picture(png(4, 1, 2, PNG_COLOR_TYPE_PALETTE, {"\x1b"})).bytes);
    BOOST_TEST(palette.channels == 4);
    BOOST_TEST((palette.pixels == Pixels{255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 255, 0, 9, 9, 9, 255}));
}

BOOST_AUTO_TEST_CASE(a_jpeg_can_be_gray_or_cmyk) {
    const Image grey = decoded(api::made_picture(jpeg(quarters(40, 40, 1))).bytes);
    BOOST_TEST(grey.channels == 1);
    BOOST_TEST((corners(grey) == std::vector<int>{3, 1, 2, 0}));
    // as Adobe writes it: 255 is no ink, and half of black halves the brightness
    const Image inks = painted(32, 32, 4, [](int, int, int c) { return c == 0 ? 200 : c == 3 ? 128 : 255; });
    const std::string file = jpeg(inks);
    BOOST_REQUIRE(file.find("Adobe") != file.npos);
    const Image light = decoded(api::made_picture(file).bytes);
    BOOST_TEST(std::abs(static_cast<int>(light.at(16, 16, 0)) - 100) <= 3);
    BOOST_TEST(std::abs(static_cast<int>(light.at(16, 16, 2)) - 128) <= 3);
    // without the mark of Adobe the same numbers (light 16, blue 119, red 155, black 128) are inks: 255 is full ink
    std::string plain = file;
    plain.replace(plain.find("Adobe"), 5, "Other");
    const Image dark = decoded(api::made_picture(plain).bytes);
    BOOST_TEST(std::abs(static_cast<int>(dark.at(16, 16, 0)) - 119) <= 3);
    BOOST_TEST(std::abs(static_cast<int>(dark.at(16, 16, 2)) - 49) <= 3);
}

BOOST_AUTO_TEST_CASE(every_picture_is_upright) {
    // for a picture that is stored as 3 1 / 2 0: what a viewer shows that respects the orientation
    const std::vector<int> shown[]{{3, 1, 2, 0}, {1, 3, 0, 2}, {0, 2, 1, 3}, {2, 0, 3, 1},
                                   {3, 2, 1, 0}, {2, 3, 0, 1}, {0, 1, 2, 3}, {1, 0, 3, 2}};
    const Image image = quarters(300, 200);
    const std::string exif_name("Exif\0\0", 6);
    for (int orientation = 1; orientation <= 8; ++orientation)
        for (bool little_endian : {false, true}) {
            const std::string said = exif(orientation, little_endian);
            for (const std::string& file :
                 {with_segment(jpeg(image), 0xe1, exif_name + said), with_chunk(png(image), chunk("eXIf", said)),
                  extended(webp(image), 8, 300, 200, piece("EXIF", said)),
                  extended(webp(image), 8, 300, 200, piece("EXIF", exif_name + said))}) {
                const api::Picture made = api::made_picture(file);
                const Image picture = decoded(made.bytes), thumbnail = decoded(made.thumbnail);
                BOOST_TEST(picture.width == (orientation <= 4 ? 300 : 200));
                BOOST_TEST(thumbnail.height == (orientation <= 4 ? 171 : 256));
                BOOST_TEST(corners(picture) == shown[orientation - 1]);
                BOOST_TEST(corners(thumbnail) == shown[orientation - 1]);
                BOOST_TEST(made.bytes.find("GPS") == std::string::npos);
            }
        }
}

BOOST_AUTO_TEST_CASE(an_orientation_is_read_only_within_its_bounds) {
    const std::string whole = exif(6);
    BOOST_TEST(api::exif_orientation(whole) == 6);
    for (std::size_t size = 0; size < 22; ++size) BOOST_TEST(api::exif_orientation(whole.substr(0, size)) == 1);
    for (int wrong : {0, 9, 255}) BOOST_TEST(api::exif_orientation(exif(wrong)) == 1);
    BOOST_TEST(api::exif_orientation("MM\0*\xff\xff\xff\xff\0\1"sv) == 1);
    BOOST_TEST(api::exif_orientation("MM\0*\0\0\0\x08\xff\xff"sv) == 1);
    BOOST_TEST(api::exif_orientation("II*\0\xff\xff\xff\x7f"sv) == 1);
}

BOOST_AUTO_TEST_CASE(everything_except_pixels_is_removed) {
    const Image image = quarters(300, 300);
    const std::string secret = "52.5200 N 13.4050 E";
    const std::string pictures[]{
        with_segment(with_segment(with_segment(with_segment(jpeg(image), 0xe1, "Exif\0\0"s + exif(1)), 0xe1,
                                               "http://ns.adobe.com/xap/1.0/\0"s + secret),
                                  0xfe, secret),
                     0xe2, "ICC_PROFILE\0\1\1"s + secret),
        with_chunk(with_chunk(with_chunk(png(image), chunk("tEXt", "Comment\0"s + secret)),
                              chunk("iTXt", "XML:com.adobe.xmp\0\0\0\0\0"s + secret)),
                   chunk("eXIf", exif(1))),
        extended(webp(image), 0x0c, 300, 300, piece("EXIF", exif(1)) + piece("XMP ", secret) + piece("NOTE", secret))};
    for (const std::string& file : pictures) {
        BOOST_REQUIRE(file.find(secret) != file.npos);
        const api::Picture made = api::made_picture(file);
        for (const std::string& bytes : {made.bytes, made.thumbnail})
            for (const char* word :
                 {"52.52", "Exif", "EXIF", "eXIf", "GPS", "adobe", "XMP", "Comment", "ICC", "iCCP", "VP8X"})
                BOOST_TEST(bytes.find(word) == std::string::npos, word);
    }
}

BOOST_AUTO_TEST_CASE(only_other_jpegs_and_known_trailers_can_follow_a_jpeg) {
    const std::string first = jpeg(quarters(80, 60)), second = jpeg(noise(30, 30, 3));
    const api::Picture alone = api::made_picture(first);
    BOOST_TEST(api::made_picture(first + second).bytes == alone.bytes);
    BOOST_TEST(api::made_picture(first + std::string(7, '\0') + second + second + "\0"s).bytes == alone.bytes);
    BOOST_TEST(api::made_picture(first + "Image_UTC_Data1700000000000SEFH\0\0\0\0SEFT"s).bytes == alone.bytes);
    for (const std::string& trailer :
         {"<script>"s, "PK\3\4"s, second + "x", second.substr(0, second.size() - 2), "\xff"s})
        BOOST_TEST(code(first + trailer) == "broken_picture");
    BOOST_TEST(refusal(first + "<script>").ends_with("There is other data after the end of the picture."));
    BOOST_TEST(code(png(quarters(9, 9)) + "x") == "broken_picture");
    BOOST_TEST(code(png(quarters(9, 9)) + "\0"s) == "broken_picture");
    BOOST_TEST(code(webp(quarters(9, 9)) + "xx") == "broken_picture");
    BOOST_TEST(code(extended(webp(quarters(9, 9)), 0, 9, 9, webp(quarters(9, 9)).substr(12))) == "broken_picture");
}

BOOST_AUTO_TEST_CASE(a_thumbnail_fits_into_its_square_and_is_never_larger_than_the_picture) {
    for (auto [width, height, small_width, small_height] : {std::tuple{257, 1, 256, 1},
                                                            {1, 3000, 1, 256},
                                                            {256, 256, 256, 256},
                                                            {255, 3, 255, 3},
                                                            {1, 1, 1, 1},
                                                            {511, 512, 256, 256},
                                                            {1000, 999, 256, 256},
                                                            {2000, 3, 256, 1}}) {
        const Image small = decoded(api::made_picture(png(noise(width, height, 3))).thumbnail);
        BOOST_TEST(small.width == small_width);
        BOOST_TEST(small.height == small_height);
    }
}

BOOST_AUTO_TEST_CASE(a_thumbnail_has_the_mean_of_the_pixels) {
    // 512 columns, alternately black and white: each pair gives one gray
    const Image lines = painted(512, 512, 3, [](int x, int, int) { return x % 2 * 254; });
    for (unsigned value : decoded(api::made_picture(png(lines)).thumbnail).pixels) BOOST_TEST(value == 127u);
    // 3 columns become 2, and the middle one belongs to both
    const Image thirds = painted(384, 384, 1, [](int x, int, int) { return x % 3 == 1 ? 240 : 0; });
    for (unsigned value : decoded(api::made_picture(png(thirds)).thumbnail).pixels) BOOST_TEST(value == 80u);
}

BOOST_AUTO_TEST_CASE(invisible_pixels_do_not_change_the_color_of_a_thumbnail) {
    // a white disc on invisible black: its edge must stay white
    const Image disc = painted(1000, 1000, 4, [](int x, int y, int) {
        return (x - 500) * (x - 500) + (y - 500) * (y - 500) < 400 * 400 ? 255 : 0;
    });
    const Image small = decoded(api::made_picture(png(disc)).thumbnail);
    BOOST_REQUIRE(small.channels == 4);
    int edge = 0;
    for (int y = 0; y < small.height; ++y)
        for (int x = 0; x < small.width; ++x) {
            const unsigned alpha = small.at(x, y, 3);
            edge += alpha > 0 && alpha < 255;
            if (alpha > 0) BOOST_TEST(small.at(x, y, 0) == 255u);
        }
    BOOST_TEST(edge > 100);
    BOOST_TEST(small.at(0, 0, 3) == 0u);
    const Image same = decoded(api::made_picture(webp(disc)).thumbnail);
    BOOST_REQUIRE(same.channels == 4);
    BOOST_TEST(same.at(0, 0, 3) == 0u);
    BOOST_TEST(same.at(128, 128, 3) == 255u);
    BOOST_TEST(same.at(128, 128, 0) > 250u);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_a_picture_is_refused_with_its_name) {
    for (const auto& [file, name] : {std::pair{"GIF89a\1\0\1\0"s, "a GIF"},
                                     {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"s, "an SVG"},
                                     {"<?xml version=\"1.0\"?>\n<!-- x -->\n<SVG>"s, "an SVG"},
                                     {"\xef\xbb\xbf <!DOCTYPE HTML><p>"s, "HTML"},
                                     {"<html><img src=x>"s, "HTML"},
                                     {"%PDF-1.7\n"s, "a PDF"},
                                     {"BM\0\0"s, "a BMP"},
                                     {"II*\0\0\0"s, "a TIFF"},
                                     {"\0\0\0\x18"
                                      "ftypheic"s,
                                      "a HEIC"},
                                     {"\0\0\0\x1c"
                                      "ftypavif"s,
                                      "an AVIF"},
                                     {"\0\0\0\x18"
                                      "ftypmp42"s,
                                      "a video"},
                                     {"PK\3\4"s, "a ZIP"},
                                     {""s, "empty"},
                                     {"hello"s, "not a known kind of picture"},
                                     {"RIFF\4\0\0\0WAVE"s, "not a known kind of picture"},
                                     {"\x89PNG"s, "not a known kind of picture"},
                                     {"\xff\xd8"s, "not a known kind of picture"}}) {
        const std::string said = refusal(file);
        BOOST_TEST(said.starts_with("not_a_picture: "), said);
        BOOST_TEST(said.find(name) != std::string::npos, said);
        BOOST_TEST(said.find("PNG, JPEG or WebP") != std::string::npos, said);
    }
}

BOOST_AUTO_TEST_CASE(an_animation_is_refused) {
    const std::string still = png(quarters(8, 8));
    BOOST_TEST(refusal(with_chunk(still, chunk("acTL", big(2) + big(0))))
                   .starts_with("not_a_picture: This picture is animated"));
    const std::string frame(24, '\0');
    BOOST_TEST(code(extended(webp(quarters(8, 8)), 2, 8, 8, piece("ANIM", "\0\0\0\0\0\0"s) + piece("ANMF", frame))) ==
               "not_a_picture");
}

BOOST_AUTO_TEST_CASE(too_many_pixels_are_refused_from_the_header) {
    auto header_only = [](std::size_t width, std::size_t height) {
        return std::string(signature) + chunk("IHDR", big(width) + big(height) + "\x08\2\0\0\0"s) + chunk("IDAT", "x") +
               chunk("IEND", "");
    };
    BOOST_TEST(refusal(header_only(50000, 50000)) ==
               "too_many_pixels: The picture is 50000 × 50000 pixels. The maximum is 40 million pixels, "
               "and 16383 pixels for each side.");
    for (auto [width, height] :
         {std::pair{16384, 1}, {1, 16384}, {8000, 5001}, {0x7fffffff, 0x7fffffff}, {1 << 16, 1 << 16}})
        BOOST_TEST(code(header_only(width, height)) == "too_many_pixels");
    BOOST_TEST(code(header_only(0, 5)) == "broken_picture");
    BOOST_TEST(code(header_only(16383, 1)) == "broken_picture");
    std::string file = jpeg(quarters(16, 16));
    const std::size_t frame = file.find("\xff\xc0");
    BOOST_REQUIRE(frame != file.npos);
    file.replace(frame + 5, 4, big(8001, 2) + big(5000, 2));
    BOOST_TEST(code(file) == "too_many_pixels");
    std::string inks = jpeg(quarters(16, 16, 4));
    inks.replace(inks.find("\xff\xc0") + 5, 4, big(5001, 2) + big(6000, 2));
    BOOST_TEST(code(inks) == "too_many_pixels");
    std::string small = webp(quarters(16, 16));
    const std::size_t size = small.find("\x9d\x01\x2a") + 3;
    small.replace(size, 4, "\xff\x3f\xff\x3f");
    BOOST_TEST(code(small) == "too_many_pixels");
    std::string lossless = webp(quarters(16, 16), true);
    lossless.replace(lossless.find("VP8L") + 9, 4, "\xff\xff\xff\x0f");
    BOOST_TEST(code(lossless) == "too_many_pixels");
}

BOOST_AUTO_TEST_CASE(a_jpeg_with_too_many_scans_is_refused) {
    const std::string file = jpeg(quarters(16, 16), TJSAMP_444, TJFLAG_PROGRESSIVE);
    const std::size_t scan = file.find("\xff\xda");
    std::string many = file.substr(0, scan);
    for (int i = 0; i <= api::most_scans; ++i) many += "\xff\xda\0\x08\1\1\0\0\0\0\0"s;
    BOOST_TEST(code(many + file.substr(scan)) == "broken_picture");
}

BOOST_AUTO_TEST_CASE(a_picture_of_another_size_than_in_its_header_is_refused) {
    BOOST_TEST(code(extended(webp(quarters(16, 16)), 0, 17, 16, "")) == "broken_picture");
    std::string twice = jpeg(quarters(16, 16));
    const std::size_t frame = twice.find("\xff\xc0"), size = 2 + 17;
    twice.insert(frame, twice.substr(frame, size));
    BOOST_TEST(code(twice) == "broken_picture");
}

BOOST_AUTO_TEST_CASE(a_picture_that_ends_too_early_is_refused) {
    const Image image = noise(64, 48, 3);
    for (const std::string& file :
         {png(image), png(image, true), jpeg(image), jpeg(image, TJSAMP_420, TJFLAG_PROGRESSIVE), webp(image),
          webp(image, true), webp(noise(64, 48, 4))})
        for (std::size_t size = 12; size < file.size(); size += 97)
            BOOST_TEST(code(file.substr(0, size)) == "broken_picture");
    // a missing end that the outer structure does not show
    const std::string file = jpeg(image);
    BOOST_TEST(code(file.substr(0, file.size() / 2) + "\xff\xd9") == "broken_picture");
    std::string half = webp(image);
    half = half.substr(0, half.size() / 2 & ~1u);
    half.replace(4, 4, little(half.size() - 8));
    half.replace(16, 4, little(half.size() - 20));
    BOOST_TEST(code(half) == "broken_picture");
}

BOOST_AUTO_TEST_CASE(a_damaged_picture_is_refused_or_decoded) {
    const Image image = noise(48, 32, 3);
    unsigned random = 7;
    int refused = 0, taken = 0;
    for (const std::string& whole :
         {png(image, true), jpeg(image), jpeg(image, TJSAMP_420, TJFLAG_PROGRESSIVE), jpeg(noise(48, 32, 4)),
          webp(image), webp(image, true), extended(webp(noise(48, 32, 4)), 0x18, 48, 32, piece("EXIF", exif(6))),
          png(4, 1, 2, PNG_COLOR_TYPE_PALETTE, {"\x1b"})})
        for (int i = 0; i < 400; ++i) {
            std::string file = whole;
            for (int flips = 1 + i % 3; flips > 0; --flips) {
                random = random * 1664525 + 1013904223;
                // every other time near the start, where the structure is stored
                char& byte = file[(random >> 8) % (i % 2 ? file.size() : std::min<std::size_t>(file.size(), 200))];
                byte = static_cast<char>(byte ^ 1 << (random >> 4) % 8);
            }
            try {
                const Image made = decoded(api::made_picture(file).bytes);
                BOOST_TEST(made.width > 0);
                ++taken;
            } catch (const api::Problem& problem) {
                BOOST_TEST(problem.status == 400);
                ++refused;
            }
        }
    BOOST_TEST(refused > 100);
    BOOST_TEST(taken > 100);
}

BOOST_AUTO_TEST_SUITE_END()
