// Blocks the signals that would end a command half-way.
#pragma once
#include <signal.h>

#include "base/descriptor.hpp"

namespace tool {

/// The signals that a command blocks: SIGINT, SIGTERM and SIGHUP.
sigset_t ending_signals();

/// Blocks these signals from its construction to the end of the process; the command looks whether one has come.
/// Ignores SIGPIPE, so that a closed output ends nothing.
class BlockedSignals {
public:
    /// Throws std::runtime_error where the signals cannot be blocked.
    BlockedSignals();
    /// Whether one has come. Once true, it stays true.
    bool came() const;
    /// Becomes readable when one has come.
    int fd() const { return fd_; }

private:
    api::Descriptor fd_;
};

}  // namespace tool
