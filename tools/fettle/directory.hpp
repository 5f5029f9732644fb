// An open directory; its entries are used without following links.
#pragma once
#include <ctime>
#include <functional>
#include <string>

#include "base/descriptor.hpp"

namespace tool {

/// A directory that is opened by its name in another one. No path is resolved a second time, so no other process can
/// replace a part of it with a link in the meantime.
class Directory {
public:
    /// Opens it; `parent` may be AT_FDCWD. If that fails, is_open() is false and errno has the reason.
    Directory(int parent, const std::string& name);

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }

    /// Calls the function with the name of each entry, including `.` and `..`. Throws UserError if it cannot be read.
    void for_each(const std::function<void(const std::string&)>& function) const;
    /// When a regular file was last modified; the current time if there is none of that name.
    std::time_t modified_at(const std::string& name) const;
    /// Removes a file. False if it no longer exists. Throws UserError for another failure.
    bool remove(const std::string& name) const;

private:
    api::Descriptor fd_;
};

}  // namespace tool
