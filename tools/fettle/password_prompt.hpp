// Asks for a new password.
#pragma once
#include <string>

namespace tool {

/// The new password of an account: asked for twice on a terminal, without echo; else the first line of standard input.
/// Throws UserError where none is given, or where the two differ.
std::string ask_new_password(const std::string& username);

}  // namespace tool
