// Reads and filters chunks: a decoder stops at IEND and does not report what follows it.
#include "files/png_header.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "files/byte_reader.hpp"
#include "files/exif.hpp"

namespace api {

namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

PictureHeader read_png_header(std::string_view file) {
    PictureHeader header{.type = PictureType::png, .bytes = file};
    ByteReader reader(file.substr(png_signature.size()));
    for (bool first = true;; first = false) {
        const std::uint32_t size = reader.big(4);
        const std::string_view name = reader.take(4);
        if (first != (name == "IHDR")) throw damaged_picture();
        if (first && size == 13) {
            ByteReader fields(reader.rest());
            header.width = fields.big(4);
            header.height = fields.big(4);
            check_picture_size(header);
        }
        const std::string_view data = reader.take(size);
        reader.take(4);  // the checksum; libpng compares it
        if (name == "acTL") throw animated_picture();
        if (name == "eXIf") header.orientation = exif_orientation(data);
        // a chunk whose name begins with an upper-case letter is critical: no decoder may skip it
        if (!(name[0] & 0x20) && !is_one_of(name, {"IHDR", "PLTE", "IDAT", "IEND"})) throw damaged_picture();
        if (name == "IEND") break;
    }
    if (!reader.rest().empty()) throw picture_with_trailer();
    return header;
}

std::string bare_png(std::string_view file) {
    std::string bare(png_signature);
    ByteReader reader(file.substr(png_signature.size()));
    while (!reader.rest().empty()) {
        const std::string_view chunk = reader.rest();
        const std::uint32_t size = reader.big(4);
        const std::string_view name = reader.take(4);
        reader.take(std::size_t{size} + 4);
        if (is_one_of(name, {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "sRGB"}))
            bare += chunk.substr(0, std::size_t{size} + 12);
    }
    return bare;
}

}  // namespace api
