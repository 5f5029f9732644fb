// Recognises a counters file and locks the entries of the processes that write to it.
#include "serve/counters_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace api::counters_file {

bool has_format(int fd) {
    struct stat file{};
    std::uint64_t begins = 0;
    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == static_cast<off_t>(sizeof(File)) &&
           pread(fd, &begins, sizeof begins, 0) == sizeof begins && begins == format;
}

struct flock lock_of(std::size_t process) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(process);
    lock.l_len = 1;
    return lock;
}

bool is_known_method(std::string_view method) {
    constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return std::ranges::find(known, method) != std::end(known);
}

}  // namespace api::counters_file
