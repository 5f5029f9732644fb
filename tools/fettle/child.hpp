// Programs that a command runs, with a limit, and signals that must not leave it half done.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"

namespace tool {

/// As whom a program runs, without any way back.
struct User {
    std::string name;
    uid_t id;
    gid_t group;
    std::vector<gid_t> groups;
};

/// From when it is made on, SIGINT, SIGTERM and SIGHUP wait until somebody looks; a reader of our output that goes away
/// stops nothing.
class Signals {
public:
    Signals();
    /// Whether one of them has come, now and for ever after.
    bool came() const;
    int fd() const { return fd_; }

private:
    api::Descriptor fd_;
};

struct Child {
    std::filesystem::path program;
    std::vector<std::string> words;  ///< the first is what the program is called
    std::chrono::milliseconds limit;
    std::optional<User> user = {};              ///< else who we are
    std::vector<std::string> environment = {};  ///< NAME=value; empty: ours
    const Signals* stops = nullptr;             ///< a signal ends it
};

/// How a child ended: `status` as of waitpid(2), and what it wrote to standard output and error, at most 4 MiB.
struct Ended {
    int status = 0;
    std::string output;
    bool in_time = true;
    bool well() const { return in_time && status == 0; }
};

/// Runs it in a session of its own, so that no Ctrl-C reaches it, with nothing to read. Kills it, and what it has
/// started, at the limit and where a signal comes that stops it. Throws std::runtime_error where it cannot be run.
Ended run(const Child& child);

/// `status 1`, `signal 11 (Segmentation fault)`.
std::string how_it_ended(int status);

}  // namespace tool
