// Blocks the signals that would end a command before it has finished.
#pragma once
#include "base/descriptor.hpp"

namespace tool {

/// Blocks SIGINT, SIGTERM and SIGHUP from its construction to the end of the process; the command checks whether one
/// has come. Ignores SIGPIPE, so that a closed output does not end the command.
class BlockedSignals {
public:
    /// Throws std::runtime_error if the signals cannot be blocked.
    BlockedSignals();
    /// Whether one has come. Once true, it stays true.
    bool came() const;
    /// Becomes readable when one has come.
    int fd() const { return fd_; }

private:
    api::Descriptor fd_;
};

}  // namespace tool
