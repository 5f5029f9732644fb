// Detects the type of a file, and names the type in the error if it is not accepted.
#include "files/picture_header.hpp"

#include "base/unicode.hpp"
#include "files/jpeg_header.hpp"
#include "files/png_header.hpp"
#include "files/webp_header.hpp"

namespace api {

namespace {

using namespace std::string_view_literals;

/// Another type of file that users may upload by mistake, recognised by bytes at a fixed offset.
struct Other {
    std::size_t offset;
    std::string_view begin;
    const char* what;
};
constexpr Other others[]{{0, "GIF8", "a GIF"},
                         {0, "%PDF", "a PDF"},
                         {0, "BM", "a BMP"},
                         {0, "II*\0"sv, "a TIFF or raw picture"},
                         {0, "MM\0*"sv, "a TIFF or raw picture"},
                         {0, "\0\0\1\0"sv, "an icon"},
                         {0, "8BPS", "a Photoshop file"},
                         {0, "PK\3\4", "a ZIP archive or an office file"},
                         {0, "\xff\x0a", "a JPEG XL"},
                         {4, "JXL ", "a JPEG XL"},
                         {4, "jP  ", "a JPEG 2000"},
                         {4, "ftypavif", "an AVIF"},
                         {4, "ftypavis", "an AVIF"},
                         {4, "ftyphei", "a HEIC"},
                         {4, "ftypmif1", "a HEIC"},
                         {4, "ftyp", "a video"}};

/// The type of a file that is not a PNG, JPEG or WebP, in words.
std::string kind_of(std::string_view file) {
    if (file.empty()) return "This file is empty";
    for (const Other& other : others)
        if (file.size() > other.offset && file.substr(other.offset).starts_with(other.begin))
            return std::string("This is ") + other.what;
    const std::string start = unicode::lower(file.substr(0, 1024));
    if (start.find("<svg") != start.npos) return "This is an SVG";
    for (const char* tag : {"<!doctype html", "<html", "<head", "<body", "<script"})
        if (start.find(tag) != start.npos) return "This is HTML";
    return "This is not a known kind of picture";
}

}  // namespace

void check_picture_size(const PictureHeader& header) {
    if (header.width == 0 || header.height == 0) throw damaged_picture();
    const std::size_t most = header.components == 4 ? most_pixels_of_four : most_pixels;
    if (header.width > most_side || header.height > most_side || std::size_t{header.width} * header.height > most)
        throw refused_picture(too_many_pixels, "The picture is " + std::to_string(header.width) + " × " +
                                                   std::to_string(header.height) + " pixels. The maximum is " +
                                                   std::to_string(most / 1'000'000) + " million pixels, and " +
                                                   std::to_string(most_side) + " pixels for each side.");
}

PictureHeader read_picture_header(std::string_view file) {
    if (file.starts_with(png_signature)) return read_png_header(file);
    if (file.starts_with("\xff\xd8\xff")) return read_jpeg_header(file);
    if (file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP") return read_webp_header(file);
    throw refused_picture(not_a_picture, kind_of(file) + ". Send a PNG, JPEG or WebP.");
}

}  // namespace api
