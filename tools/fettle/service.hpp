// A handler as systemd runs it: its unit, its socket, its program, and what it answers to GET /_check.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "child.hpp"
#include "command.hpp"
#include "fastcgi.hpp"

namespace tool {

/// What a handler says of itself over its socket.
struct Health {
    int pid = 0;
    bool asks_database = true;
    std::vector<std::string> faults;
};

/// Asks GET /_check. Throws std::runtime_error where there is no answer in time, or not that of this handler.
Health health_of(const std::string& handler, const fs::path& socket, std::chrono::milliseconds limit,
                 const fastcgi::GoesOn& goes_on = {});

/// Whether a restart has brought a healthy handler.
struct Outcome {
    std::string fault = {};  ///< as what follows the handler's name; empty where it is well
    bool is_silent = false;  ///< it runs and answers nothing
};

/// The service fettle@HANDLER.service of this machine, with what its unit says.
class Service {
public:
    /// Throws Complaint where systemd does not answer, and where the service cannot be deployed to: there is no such
    /// unit or program, it is masked, or nothing listens on its socket.
    explicit Service(const std::string& handler);

    /// Restarts the service, never a socket that listens: who connects meanwhile waits in its queue. Then waits until
    /// the program that is installed now has answered that it is well, or a signal comes.
    Outcome restart(const Signals* stops) const;
    /// Lets a unit that was given up start again. What is silent is ended at once: it would not obey SIGTERM either,
    /// and others wait.
    void clear(bool is_silent) const;
    /// The last lines of its journal since that moment (seconds since 1970), at most 12, without those of requests.
    std::string journal(long long since) const;

    std::string handler;
    fs::path program, socket;
    User user;                             ///< as whom it runs
    std::vector<std::string> environment;  ///< what it is given, and the settings

private:
    std::string why_ended(const std::string& invocation) const;
    Outcome wait_until_well(const Signals* stops) const;
    std::string unit_, socket_unit_;
};

}  // namespace tool
