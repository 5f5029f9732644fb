// File operations with fsync(2) for the command deploy.
#include "program_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "errors.hpp"

namespace tool {

namespace fs = std::filesystem;

api::Descriptor open_directory(const fs::path& path, const char* failed) {
    return api::Descriptor(check_syscall(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed, " ", path));
}

void sync_directory(const fs::path& path) {
    constexpr const char* failed = "cannot write the directory";
    const api::Descriptor fd = open_directory(path, failed);
    check_syscall(fsync(fd), failed, " ", path);
}

void rename_durably(const fs::path& from, const fs::path& to) {
    check_syscall(rename(from.c_str(), to.c_str()), "cannot rename ", from, " to ", to);
    sync_directory(to.parent_path());
}

void copy_program(const fs::path& from, const fs::path& to) {
    constexpr int any_execute_bit = 0111;
    // O_NONBLOCK: opening a named pipe must not wait for a writer
    const api::Descriptor source(
        check_syscall(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), "cannot read ", from));
    struct stat info;
    check_syscall(fstat(source, &info), "cannot read ", from);
    if (!S_ISREG(info.st_mode) || (info.st_mode & any_execute_bit) == 0)
        throw UserError(from.string() + " is not an executable file");
    const api::Descriptor target(check_syscall(
        ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), "cannot create ", to));
    std::vector<char> buffer(1 << 20);
    ssize_t n;
    while ((n = read(source, buffer.data(), buffer.size())) > 0) {
        errno = ENOSPC;  // a short write does not set it
        if (write(target, buffer.data(), static_cast<std::size_t>(n)) != n)
            throw UserError("cannot write " + to.string() + ": " + errno_message());
    }
    check_syscall(static_cast<int>(n), "cannot read ", from);
    check_syscall(fchmod(target, 0755), "cannot write ", to);
    check_syscall(fsync(target), "cannot write ", to);
}

bool have_same_bytes(const fs::path& a, const fs::path& b) {
    if (fs::file_size(a) != fs::file_size(b)) return false;
    std::ifstream file_a(a, std::ios::binary), file_b(b, std::ios::binary);
    return std::equal(std::istreambuf_iterator<char>(file_a), {}, std::istreambuf_iterator<char>(file_b));
}

}  // namespace tool
