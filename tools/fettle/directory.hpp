// An open directory, whose entries are used without following links.
#pragma once
#include <ctime>
#include <functional>
#include <string>

#include "base/descriptor.hpp"

namespace tool {

/// A directory that is opened by its name in another one. No path is resolved a second time, so nobody can replace a
/// part of it by a link meanwhile.
class Directory {
public:
    /// Opens it; `parent` may be AT_FDCWD. Where that fails, is_open() is false and errno tells why.
    Directory(int parent, const std::string& name);

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }

    /// Calls the function with the name of each entry, `.` and `..` included. Throws UserError where it cannot be read.
    void for_each(const std::function<void(const std::string&)>& function) const;
    /// When a regular file was modified last; the present time where there is none of that name.
    std::time_t modified_at(const std::string& name) const;
    /// Removes a file. False where there is none any more. Throws UserError for another failure.
    bool remove(const std::string& name) const;

private:
    api::Descriptor fd_;
};

}  // namespace tool
