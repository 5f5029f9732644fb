// Creates, writes and reads a temporary file without a name.
#include "base/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/problem.hpp"

namespace api {

Spool::Spool() {
    const char* set = std::getenv("TMPDIR");
    std::string name = std::string(set && *set ? set : "/var/tmp") + "/fettle-XXXXXX";
    fd_ = Descriptor(mkostemp(name.data(), O_CLOEXEC));
    if (fd_ < 0 && (errno == ENOSPC || errno == EDQUOT)) throw Problem(refusals::no_room);
    if (fd_ < 0) throw std::runtime_error("cannot create " + name + ": " + std::strerror(errno));
    unlink(name.c_str());
}

void Spool::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && (errno == ENOSPC || errno == EDQUOT)) throw Problem(refusals::no_room);
        if (written < 0)
            throw std::runtime_error(std::string("cannot write the temporary file: ") + std::strerror(errno));
        bytes.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::size_t>(written);
    }
}

std::size_t Spool::read(char* into, std::size_t size, std::size_t offset) const {
    ssize_t got;
    do got = pread(fd_, into, size, static_cast<off_t>(offset));
    while (got < 0 && errno == EINTR);
    if (got < 0) throw std::runtime_error(std::string("cannot read the temporary file: ") + std::strerror(errno));
    return static_cast<std::size_t>(got);
}

}  // namespace api
