// Asks for a new password.
#pragma once
#include <string>

namespace tool {

/// The new password of an account: on a terminal, asked for twice without echo; else the first line of standard input.
/// Throws UserError if none is given, or if the two differ.
std::string ask_new_password(const std::string& username);

}  // namespace tool
