// Reads the entries of the first EXIF directory and checks all bounds.
#include "files/exif.hpp"

#include <cstddef>
#include <cstdint>

#include "files/byte_reader.hpp"

namespace api {

using namespace std::string_view_literals;

int exif_orientation(std::string_view tiff) {
    const bool little = tiff.starts_with("II*\0"sv);
    if (!little && !tiff.starts_with("MM\0*"sv)) return 1;
    auto number = [&](std::size_t at, int size) -> std::uint32_t {
        if (at > tiff.size()) return 0;
        ByteReader reader(tiff.substr(at));
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

}  // namespace api
