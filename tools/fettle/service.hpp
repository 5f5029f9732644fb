// A handler as a systemd service: its unit, its socket, its program, and how it is restarted.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "blocked_signals.hpp"
#include "subprocess.hpp"

namespace tool {

/// Whether the handler is healthy after a restart.
struct RestartResult {
    std::string fault = {};        ///< a predicate for the handler's name: `does not answer`; empty if it is healthy
    bool is_unresponsive = false;  ///< it runs, but does not answer
};

/// The service fettle@HANDLER.service of this machine, as its unit describes it.
class Service {
public:
    /// Throws UserError if systemd does not answer, or if the service cannot be deployed to: there is no such unit or
    /// program, a unit is masked, or its socket is not active.
    explicit Service(const std::string& name);

    /// Restarts the service, but not its socket: clients that connect now wait in the queue of the socket. Returns when
    /// the installed program has answered that it is healthy, when it has failed, or when a signal has come.
    RestartResult restart(const BlockedSignals* cancelled_by) const;
    /// Lets a unit start again after systemd has given it up. Kills an unresponsive process at once: it would not obey
    /// SIGTERM, and clients wait.
    void reset(bool is_unresponsive) const;
    /// The last lines of its journal since that time (seconds since 1970), at most 12, without the lines for requests.
    std::string journal(long long since) const;

    std::string handler;
    std::filesystem::path program, socket;
    User user;                             ///< the user that it runs as
    std::vector<std::string> environment;  ///< NAME=value, from the unit and the settings

private:
    std::string exit_reason(const std::string& invocation) const;
    RestartResult wait_until_healthy(const BlockedSignals* cancelled_by) const;
    std::string unit_, socket_unit_;
};

}  // namespace tool
