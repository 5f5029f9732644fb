// Checks the results of system calls whose failure must end the process.
#pragma once
#include <cerrno>
#include <system_error>

namespace api {

/// Returns the result of a system call. Throws std::system_error with errno and the name of the call if the result is
/// negative.
inline int check_syscall(int result, const char* name) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), name);
    return result;
}

}  // namespace api
