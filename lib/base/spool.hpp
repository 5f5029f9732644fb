// A temporary file for what is too large for memory.
#pragma once
#include <cstddef>
#include <string_view>

#include "base/descriptor.hpp"

namespace api {

/// A file without a name, which the kernel removes with its last descriptor; in TMPDIR, else in /var/tmp: /tmp may be
/// memory. It may be read by several threads at the same time. Errors: Problem 507 `no_room` where the disk is full,
/// std::runtime_error.
class Spool {
public:
    /// Makes the file, empty.
    Spool();

    /// Writes bytes at the end.
    void append(std::string_view bytes);
    /// How many bytes were written.
    std::size_t size() const { return size_; }
    /// Reads up to `size` bytes from an offset; returns how many were read, 0 at the end.
    std::size_t read(char* into, std::size_t size, std::size_t offset) const;

private:
    Descriptor fd_;
    std::size_t size_ = 0;
};

}  // namespace api
