// Turns off the echo of the terminal while a password is typed.
#pragma once
#include <signal.h>
#include <termios.h>

#include <array>

namespace tool {

/// While this object exists, the terminal of standard input does not show what is typed. A signal that would end the
/// program takes effect after the echo was restored. Throws UserError if the terminal cannot be changed. There may be
/// one such object at a time.
class EchoOff {
public:
    EchoOff();
    ~EchoOff();
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

    /// Whether such a signal has come.
    static bool was_interrupted();

private:
    static constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    termios former_terminal_;
    struct sigaction former_actions_[ending_signals.size()];
};

}  // namespace tool
