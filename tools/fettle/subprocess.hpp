// Runs a program with a time limit, as this user or as another one.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "blocked_signals.hpp"

namespace tool {

/// The user that a program runs as.
struct User {
    std::string name;
    uid_t id;
    gid_t group;
    std::vector<gid_t> supplementary_groups;
};

/// A program to run.
struct Subprocess {
    std::filesystem::path program;
    std::vector<std::string> arguments;  ///< the first is the program's own name
    std::chrono::milliseconds time_limit;
    std::optional<User> user = {};                 ///< empty: the user of this process; else it cannot change back
    std::vector<std::string> environment = {};     ///< NAME=value; empty: the environment of this process
    const BlockedSignals* cancelled_by = nullptr;  ///< a signal ends the program
};

/// How a program ended.
struct ProcessResult {
    int status = 0;      ///< as of waitpid(2)
    std::string output;  ///< standard output and standard error, at most 4 MiB
    bool in_time = true;
    bool succeeded() const { return in_time && status == 0; }
};

/// Runs a program in its own session, so that Ctrl-C does not reach it, and without input. Kills it and its children at
/// the time limit, when a signal of `cancelled_by` has come, and when it writes too much. Throws std::runtime_error if
/// it cannot be run.
ProcessResult run(const Subprocess& subprocess);

/// The status of waitpid(2) in words: `status 1`, `signal 11 (Segmentation fault)`.
std::string describe_status(int status);

}  // namespace tool
