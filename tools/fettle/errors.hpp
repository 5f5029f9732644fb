// The errors that commands throw, and check_syscall(), which turns a failed system call into one.
#pragma once
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace tool {

/// Something that the user can correct: exit status 1.
struct UserError : std::runtime_error {
    using runtime_error::runtime_error;
};

/// Wrong arguments: exit status 2, and the usage line is printed.
struct UsageError : std::runtime_error {
    using runtime_error::runtime_error;
};

/// The message of errno.
inline std::string errno_message() { return std::strerror(errno); }

/// Returns the result of a system call. If it is negative, throws `what: message of errno`; `what` is the parts joined.
/// The parts are joined only after a failure, so that nothing changes errno before it is read.
template <class Error = UserError, class... Parts>
int check_syscall(int result, const Parts&... parts) {
    if (result >= 0) return result;
    const std::string reason = errno_message();
    std::string what;
    (what.append(std::filesystem::path::string_type(parts)), ...);
    throw Error(what + ": " + reason);
}

}  // namespace tool
