// Reads numbers and byte ranges from the structure of a picture.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "files/picture_refusals.hpp"

namespace api {

/// Reads a picture from its beginning. Throws Problem 400 broken_picture if bytes are missing.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
    /// The next bytes.
    std::string_view take(std::size_t size) {
        if (size > rest_.size()) throw damaged_picture();
        std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    /// The next `size` bytes, at most 4, as a number in big-endian order: the most significant byte first.
    std::uint32_t big(int size) {
        std::uint32_t value = 0;
        for (unsigned char c : take(size)) value = value << 8 | c;
        return value;
    }
    /// The same in little-endian order: the least significant byte first.
    std::uint32_t little(int size) {
        std::uint32_t value = 0;
        int shift = 0;
        for (unsigned char c : take(size)) value |= static_cast<std::uint32_t>(c) << shift, shift += 8;
        return value;
    }
    /// The bytes that were not read yet.
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

}  // namespace api
