// The door that passwords are tried at: five failures are free, then each costs a wait that doubles.
#pragma once
#include "exchange.hpp"

namespace api {

/// Of every form that knocks at the door.
inline constexpr Rule too_many_attempts{"too_many_attempts", 429, "",
                                        "Too many failed attempts. Try again in {} seconds."};

/// One try with a password. It counts as a failure from its beginning, in a transaction of its own, so that however
/// many run at once no more are admitted than may fail; success takes the count back.
class Attempt {
public:
    /// Throws Problem 429 with Retry-After while the name has to wait: 1 s after the fifth failure in a row, doubling
    /// to 15 minutes, forgotten after 24 hours without one. Names are compared without regard to case.
    Attempt(Exchange& exchange, std::string name);
    /// Takes the count back where it was never decided whether the password was right.
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    void succeeded();
    void failed() { decided_ = true; }

private:
    Exchange& exchange_;
    bool decided_ = false;
};

}  // namespace api
