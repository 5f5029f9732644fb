// A file descriptor that closes itself.
#pragma once
#include <unistd.h>

#include <utility>

namespace api {

/// Owns the result of open() and similar calls. It is negative if the call failed; errno then has the reason.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    /// The descriptor, for system calls.
    operator int() const { return fd_; }

private:
    int fd_ = -1;
};

}  // namespace api
