// Reads the chunks of the RIFF container and the size in a chunk of pixels.
#include "files/webp_header.hpp"

#include <cstdint>

#include "files/byte_reader.hpp"
#include "files/exif.hpp"

namespace api {

using namespace std::string_view_literals;

namespace {

/// Reads the size in a chunk of coded pixels: `VP8L` is lossless (RFC 9649 3), `VP8 ` is not (RFC 6386 9.1).
void read_webp_frame(bool lossless, ByteReader data, PictureHeader& header) {
    if (lossless) {
        if (data.big(1) != 0x2f) throw damaged_picture();
        const std::uint32_t bits = data.little(4);
        header.width = (bits & 0x3fff) + 1;
        header.height = (bits >> 14 & 0x3fff) + 1;
    } else {
        data.take(3);
        if (data.big(3) != 0x9d012a) throw damaged_picture();
        header.width = data.little(2) & 0x3fff;
        header.height = data.little(2) & 0x3fff;
    }
    check_picture_size(header);
}

}  // namespace

PictureHeader read_webp_header(std::string_view file) {
    PictureHeader header{.type = PictureType::webp, .bytes = file};
    ByteReader reader(file);
    reader.take(4);
    const std::uint32_t size = reader.little(4);
    if (size < file.size() - 8) throw picture_with_trailer();
    if (size > file.size() - 8) throw damaged_picture();
    reader.take(4);
    while (!reader.rest().empty()) {
        const std::string_view name = reader.take(4);
        const std::uint32_t length = reader.little(4);
        const std::string_view data = reader.take(length);
        if (length % 2) reader.take(1);
        if (name == "ANIM" || name == "ANMF") throw animated_picture();
        if (name == "VP8 " || name == "VP8L") {
            if (header.width != 0) throw damaged_picture();
            read_webp_frame(name == "VP8L", ByteReader(data), header);
        }
        if (name == "EXIF") header.orientation = exif_orientation(data.substr(data.starts_with("Exif\0\0"sv) ? 6 : 0));
    }
    if (header.width == 0) throw damaged_picture();
    return header;
}

}  // namespace api
