// Reads and changes a directory through its descriptor.
#include "directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "errors.hpp"

namespace tool {

Directory::Directory(int parent, const std::string& name)
    : fd_(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

void Directory::for_each(const std::function<void(const std::string&)>& function) const {
    // fdopendir() takes over the descriptor, and each reader needs its own position
    const int copy = openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : fdopendir(copy), closedir);
    if (!entries) throw UserError("cannot read the storage: " + errno_message());
    while (const dirent* entry = readdir(entries.get())) function(entry->d_name);
}

std::time_t Directory::modified_at(const std::string& name) const {
    struct stat info;
    const bool is_file = fstatat(fd_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
    return is_file ? info.st_mtime : std::time(nullptr);
}

bool Directory::remove(const std::string& name) const {
    if (unlinkat(fd_, name.c_str(), 0) == 0) return true;
    if (errno == ENOENT) return false;  // another sweep removed it
    throw UserError("cannot remove " + name + " from the storage: " + errno_message());
}

}  // namespace tool
