// A temporary file that is removed automatically.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace tool {

/// Removes the file of this path when the object is destroyed, unless it was renamed before. Creates no file.
class TempFile {
public:
    /// Removes a file of that name that a killed process has left.
    explicit TempFile(std::filesystem::path at) : path(std::move(at)) { unlink(path.c_str()); }
    ~TempFile() { unlink(path.c_str()); }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;

    const std::filesystem::path path;
};

}  // namespace tool
