// A temporary file for data that are too large for memory.
#pragma once
#include <cstddef>
#include <string_view>

#include "base/descriptor.hpp"

namespace api {

/// A file without a name, which the kernel removes when its last descriptor is closed. It is in TMPDIR, or else in
/// /var/tmp, because /tmp may be in memory. Several threads may read it at the same time. Errors: Problem 507 `no_room`
/// if the disk is full, std::runtime_error.
class Spool {
public:
    /// Creates the empty file.
    Spool();

    /// Writes bytes at the end.
    void append(std::string_view bytes);
    /// The number of bytes written so far.
    std::size_t size() const { return size_; }
    /// Reads up to `size` bytes from an offset; returns how many were read, 0 at the end.
    std::size_t read(char* into, std::size_t size, std::size_t offset) const;

private:
    Descriptor fd_;
    std::size_t size_ = 0;
};

}  // namespace api
