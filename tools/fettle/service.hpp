// A handler as a service of systemd: its unit, its socket, its program, and how it is restarted.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "blocked_signals.hpp"
#include "subprocess.hpp"

namespace tool {

/// Whether a healthy handler serves after a restart.
struct RestartResult {
    std::string fault = {};        ///< a predicate for the handler's name: `does not answer`; empty where it is healthy
    bool is_unresponsive = false;  ///< it runs, but does not answer
};

/// The service fettle@HANDLER.service of this machine, as its unit describes it.
class Service {
public:
    /// Throws UserError where systemd does not answer, and where the service cannot be deployed to: there is no such
    /// unit or program, it is masked, or nothing listens on its socket.
    explicit Service(const std::string& name);

    /// Restarts the service, but never a socket that listens: clients that connect meanwhile wait in its queue. Returns
    /// when the installed program has answered that it is healthy, has failed, or a signal has come.
    RestartResult restart(const BlockedSignals* cancelled_by) const;
    /// Lets a unit start again that systemd has given up. Kills an unresponsive process at once: it would not obey
    /// SIGTERM, and clients wait.
    void reset(bool is_unresponsive) const;
    /// The last lines of its journal since that time (seconds since 1970), at most 12, without those of requests.
    std::string journal(long long since) const;

    std::string handler;
    std::filesystem::path program, socket;
    User user;                             ///< that it runs as
    std::vector<std::string> environment;  ///< NAME=value: that of the unit and the settings

private:
    std::string exit_reason(const std::string& invocation) const;
    RestartResult wait_until_healthy(const BlockedSignals* cancelled_by) const;
    std::string unit_, socket_unit_;
};

}  // namespace tool
