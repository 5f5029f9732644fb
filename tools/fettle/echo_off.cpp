// Changes the terminal and the signal handlers, and restores both.
#include "echo_off.hpp"

#include <unistd.h>

#include <csignal>

#include "errors.hpp"

namespace tool {

namespace {

/// The number of the signal that came, else 0.
volatile std::sig_atomic_t received_signal = 0;

}  // namespace

EchoOff::EchoOff() {
    check_syscall(tcgetattr(STDIN_FILENO, &former_terminal_), "cannot ask for a password on this terminal");
    struct sigaction action{};
    action.sa_handler = [](int number) { received_signal = number; };  // without SA_RESTART: read() returns
    for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &action, &former_actions_[i]);
    termios terminal = former_terminal_;
    terminal.c_lflag = (terminal.c_lflag & ~static_cast<tcflag_t>(ECHO)) | ECHONL | ICANON | ISIG;
    terminal.c_cc[VSUSP] = _POSIX_VDISABLE;  // Ctrl-Z would leave the shell without echo
    check_syscall(tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal), "cannot turn off the echo of this terminal");
}

EchoOff::~EchoOff() {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &former_terminal_);
    for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &former_actions_[i], nullptr);
    if (received_signal) raise(received_signal);
}

bool EchoOff::was_interrupted() { return received_signal != 0; }

}  // namespace tool
