// Walks the chunks of PNG and WebP and the segments of JPEG. No library does that for us: a decoder stops at the end of
// the picture and says nothing of what lies behind it.
#include "files/picture_header.hpp"

#include <algorithm>
#include <cstdint>

#include "base/unicode.hpp"

namespace api {

namespace {

using namespace std::string_view_literals;

Problem broken(const char* detail = "") { return refused_picture(broken_picture, detail); }

Problem animated() {
    return refused_picture(not_a_picture, "This picture moves. A profile has a PNG, JPEG or WebP that stands still.");
}

constexpr const char* something_behind = "Something else follows behind the end of the picture.";

/// Reads numbers and pieces; what is not there is a broken picture.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    std::string_view take(std::size_t size) {
        if (size > rest_.size()) throw broken();
        std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    /// Big-endian: the most significant byte first.
    std::uint32_t big(int size) {
        std::uint32_t value = 0;
        for (unsigned char c : take(size)) value = value << 8 | c;
        return value;
    }
    std::uint32_t little(int size) {
        std::uint32_t value = 0;
        int shift = 0;
        for (unsigned char c : take(size)) value |= static_cast<std::uint32_t>(c) << shift, shift += 8;
        return value;
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

void check_size(const PictureHeader& header) {
    if (header.width == 0 || header.height == 0) throw broken();
    const std::size_t most = header.components == 4 ? most_pixels_of_four : most_pixels;
    if (header.width > most_side || header.height > most_side || std::size_t{header.width} * header.height > most)
        throw refused_picture(too_many_pixels, "The picture is " + std::to_string(header.width) + " × " +
                                                   std::to_string(header.height) + " pixels; at most " +
                                                   std::to_string(most / 1'000'000) + " million, and " +
                                                   std::to_string(most_side) + " on a side, are possible.");
}

// -- PNG (W3C PNG 5, 11)

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

PictureHeader png_header(std::string_view file) {
    PictureHeader header{.type = PictureType::png, .bytes = file};
    Reader reader(file.substr(png_signature.size()));
    for (bool first = true;; first = false) {
        const std::uint32_t size = reader.big(4);
        const std::string_view name = reader.take(4);
        if (first != (name == "IHDR")) throw broken();
        if (first && size == 13) {
            Reader fields(reader.rest());
            header.width = fields.big(4);
            header.height = fields.big(4);
            check_size(header);
        }
        const std::string_view data = reader.take(size);
        reader.take(4);  // the checksum; libpng compares it
        if (name == "acTL") throw animated();
        if (name == "eXIf") header.orientation = exif_orientation(data);
        // an upper-case letter in front: no decoder may skip it
        if (!(name[0] & 0x20) && !is_one_of(name, {"IHDR", "PLTE", "IDAT", "IEND"})) throw broken();
        if (name == "IEND") break;
    }
    if (!reader.rest().empty()) throw broken(something_behind);
    return header;
}

// -- JPEG (ITU T.81 B)

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

/// Skips the coded pixels of a scan: up to the next marker that is no restart.
void skip_scan(Reader& reader) {
    std::string_view rest = reader.rest();
    std::size_t at = 0;
    while ((at = rest.find('\xff', at)) != rest.npos && at + 1 < rest.size()) {
        const unsigned char next = rest[at + 1];
        if (next != 0 && !(next >= 0xd0 && next <= 0xd7) && next != 0xff) break;
        at += next == 0xff ? 1 : 2;
    }
    reader.take(std::min(at, rest.size()));
}

/// The size and the components that a frame header says.
void read_frame(Reader segment, PictureHeader& header) {
    if (header.width != 0 || segment.big(1) != 8) throw broken();
    header.height = segment.big(2);
    header.width = segment.big(2);
    header.components = segment.big(1);
    if (header.components != 1 && header.components != 3 && header.components != 4) throw broken();
    check_size(header);
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

/// One picture, from its start to its end.
PictureHeader one_jpeg(Reader& reader) {
    const std::string_view file = reader.rest();
    PictureHeader header{.type = PictureType::jpeg};
    if (reader.big(2) != 0xffd8) throw broken(something_behind);
    for (int scans = 0;;) {
        if (reader.big(1) != 0xff) throw broken();
        std::uint32_t marker = 0xff;
        while (marker == 0xff) marker = reader.big(1);
        if (marker == end) {
            if (scans == 0) throw broken();
            header.bytes = file.substr(0, file.size() - reader.rest().size());
            return header;
        }
        if (marker < baseline || (marker >= 0xd0 && marker <= start)) throw broken();
        const std::uint32_t size = reader.big(2);
        if (size < 2) throw broken();
        const std::string_view segment = reader.take(size - 2);
        if (marker <= progressive)
            read_frame(Reader(segment), header);
        else if (marker <= 0xcf && marker != huffman)
            throw broken("This is a JPEG of a rare kind (lossless, hierarchical or arithmetic).");
        if (marker == app1 && segment.starts_with("Exif\0\0"sv) && header.orientation == 1)
            header.orientation = exif_orientation(segment.substr(6));
        if (marker == app14 && segment.starts_with("Adobe")) header.inverted_inks = true;
        if (marker == scan) {
            if (header.width == 0 || ++scans > most_scans) throw broken();
            skip_scan(reader);
        }
    }
}

PictureHeader jpeg_header(std::string_view file) {
    Reader reader(file);
    PictureHeader header = one_jpeg(reader);
    while (true) {
        reader.take(std::min(reader.rest().find_first_not_of('\0'), reader.rest().size()));
        // Samsung's telephones note the time and more behind nearly every photograph
        if (reader.rest().empty() || reader.rest().ends_with("SEFT")) return header;
        one_jpeg(reader);
    }
}

// -- WebP (RFC 9649 2)

/// The size of the coded pixels in a chunk of either kind.
void read_webp_frame(bool lossless, Reader data, PictureHeader& header) {
    if (lossless) {
        if (data.big(1) != 0x2f) throw broken();
        const std::uint32_t bits = data.little(4);
        header.width = (bits & 0x3fff) + 1;
        header.height = (bits >> 14 & 0x3fff) + 1;
    } else {
        data.take(3);
        if (data.big(3) != 0x9d012a) throw broken();
        header.width = data.little(2) & 0x3fff;
        header.height = data.little(2) & 0x3fff;
    }
    check_size(header);
}

PictureHeader webp_header(std::string_view file) {
    PictureHeader header{.type = PictureType::webp, .bytes = file};
    Reader reader(file);
    reader.take(4);
    const std::uint32_t size = reader.little(4);
    if (size < file.size() - 8) throw broken(something_behind);
    if (size > file.size() - 8) throw broken();
    reader.take(4);
    while (!reader.rest().empty()) {
        const std::string_view name = reader.take(4);
        const std::uint32_t length = reader.little(4);
        const std::string_view data = reader.take(length);
        if (length % 2) reader.take(1);
        if (name == "ANIM" || name == "ANMF") throw animated();
        if (name == "VP8 " || name == "VP8L") {
            if (header.width != 0) throw broken();
            read_webp_frame(name == "VP8L", Reader(data), header);
        }
        if (name == "EXIF") header.orientation = exif_orientation(data.substr(data.starts_with("Exif\0\0"sv) ? 6 : 0));
    }
    if (header.width == 0) throw broken();
    return header;
}

// -- everything else

/// What people send instead, by how it begins, perhaps behind some other bytes.
struct Other {
    std::size_t at;
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

std::string what_else(std::string_view file) {
    if (file.empty()) return "This file is empty";
    for (const Other& other : others)
        if (file.size() > other.at && file.substr(other.at).starts_with(other.begin))
            return std::string("This is ") + other.what;
    const std::string start = unicode::lower(file.substr(0, 1024));
    if (start.find("<svg") != start.npos) return "This is an SVG";
    for (const char* tag : {"<!doctype html", "<html", "<head", "<body", "<script"})
        if (start.find(tag) != start.npos) return "This is HTML";
    return "This is no picture that we know";
}

}  // namespace

int exif_orientation(std::string_view tiff) {
    const bool little = tiff.starts_with("II*\0"sv);
    if (!little && !tiff.starts_with("MM\0*"sv)) return 1;
    auto number = [&](std::size_t at, int size) -> std::uint32_t {
        if (at > tiff.size()) return 0;
        Reader reader(tiff.substr(at));
        if (reader.rest().size() < static_cast<std::size_t>(size)) return 0;
        return little ? reader.little(size) : reader.big(size);
    };
    const std::size_t directory = number(4, 4);
    const std::uint32_t entries = number(directory, 2);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + std::size_t{i} * 12;
        if (entry + 12 > tiff.size()) break;
        constexpr std::uint32_t orientation = 0x0112, short_integer = 3;
        if (number(entry, 2) != orientation || number(entry + 2, 2) != short_integer) continue;
        const std::uint32_t value = number(entry + 8, 2);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

std::string bare_png(std::string_view file) {
    std::string bare(png_signature);
    Reader reader(file.substr(png_signature.size()));
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

Problem refused_picture(const Refusal& refusal, std::string detail) {
    Problem problem(refusal);
    if (!detail.empty()) problem.detail = std::move(detail);
    problem.errors = {{"file", {problem.detail}}};
    return problem;
}

PictureHeader read_picture_header(std::string_view file) {
    if (file.starts_with(png_signature)) return png_header(file);
    if (file.starts_with("\xff\xd8\xff")) return jpeg_header(file);
    if (file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP") return webp_header(file);
    throw refused_picture(not_a_picture, what_else(file) + "; a profile has a PNG, JPEG or WebP.");
}

}  // namespace api
