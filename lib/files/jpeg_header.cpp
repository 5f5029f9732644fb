// Reads markers and segments: a decoder stops at EOI and does not report what follows it.
#include "files/jpeg_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "files/byte_reader.hpp"
#include "files/exif.hpp"

namespace api {

using namespace std::string_view_literals;

namespace {

/// The second byte of a marker (ITU T.81 B.1.1.3).
enum Marker : std::uint32_t {
    baseline = 0xc0,
    extended,
    progressive,
    huffman = 0xc4,
    start = 0xd8,
    end = 0xd9,
    scan = 0xda,
    app1 = 0xe1,
    app14 = 0xee
};

/// Skips the coded pixels of a scan, up to the next marker that is not a restart marker.
void skip_scan(ByteReader& reader) {
    std::string_view rest = reader.rest();
    std::size_t at = 0;
    while ((at = rest.find('\xff', at)) != rest.npos && at + 1 < rest.size()) {
        const unsigned char next = rest[at + 1];
        if (next != 0 && (next < 0xd0 || next > 0xd7) && next != 0xff) break;
        at += next == 0xff ? 1 : 2;
    }
    reader.take(std::min(at, rest.size()));
}

/// Reads the size and the components of a frame header (ITU T.81 B.2.2).
void read_frame(ByteReader segment, PictureHeader& header) {
    if (header.width != 0 || segment.big(1) != 8) throw damaged_picture();
    header.height = segment.big(2);
    header.width = segment.big(2);
    header.components = segment.big(1);
    if (header.components != 1 && header.components != 3 && header.components != 4) throw damaged_picture();
    check_picture_size(header);
    std::uint32_t first = 0;
    header.full_colour = true;
    for (unsigned i = 0; i < header.components; ++i) {
        segment.take(1);
        const std::uint32_t sampling = segment.big(1);
        segment.take(1);
        if (i == 0) first = sampling;
        header.full_colour = header.full_colour && sampling == first;
    }
}

/// Reads the facts about the picture from one segment.
void read_segment(std::uint32_t marker, std::string_view segment, PictureHeader& header) {
    if (marker <= progressive)
        read_frame(ByteReader(segment), header);
    else if (marker <= 0xcf && marker != huffman)
        throw damaged_picture("Lossless, hierarchical and arithmetic JPEGs are not supported.");
    if (marker == app1 && segment.starts_with("Exif\0\0"sv) && header.orientation == 1)
        header.orientation = exif_orientation(segment.substr(6));
    if (marker == app14 && segment.starts_with("Adobe")) header.inverted_inks = true;
}

/// Reads one picture from its SOI to its EOI marker.
PictureHeader one_jpeg(ByteReader& reader) {
    const std::string_view file = reader.rest();
    PictureHeader header{.type = PictureType::jpeg};
    if (reader.big(2) != 0xffd8) throw picture_with_trailer();
    for (int scans = 0;;) {
        if (reader.big(1) != 0xff) throw damaged_picture();
        std::uint32_t marker = 0xff;
        while (marker == 0xff) marker = reader.big(1);
        if (marker == end) {
            if (scans == 0) throw damaged_picture();
            header.bytes = file.substr(0, file.size() - reader.rest().size());
            return header;
        }
        if (marker < baseline || (marker >= 0xd0 && marker <= start)) throw damaged_picture();
        const std::uint32_t size = reader.big(2);
        if (size < 2) throw damaged_picture();
        const std::string_view segment = reader.take(size - 2);
        read_segment(marker, segment, header);
        if (marker == scan) {
            if (header.width == 0 || ++scans > most_scans) throw damaged_picture();
            skip_scan(reader);
        }
    }
}

}  // namespace

PictureHeader read_jpeg_header(std::string_view file) {
    ByteReader reader(file);
    PictureHeader header = one_jpeg(reader);
    while (true) {
        reader.take(std::min(reader.rest().find_first_not_of('\0'), reader.rest().size()));
        // Samsung phones append the time and other data to nearly every photograph
        if (reader.rest().empty() || reader.rest().ends_with("SEFT")) return header;
        one_jpeg(reader);
    }
}

}  // namespace api
