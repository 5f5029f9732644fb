// Rejects new passwords that attackers try first.
#pragma once
#include <string>
#include <string_view>

namespace api::password {

/// The result of weakness() for a password that equals the username, the email or its local part.
inline constexpr std::string_view too_similar = "This password is too similar to the username or email.";

/// Why a new password for this account is too weak, as a sentence for users: it is the username, the email or its local
/// part, or one of the most common passwords. Empty if it is acceptable.
std::string weakness(std::string_view password, std::string_view username, std::string_view email);

}  // namespace api::password
