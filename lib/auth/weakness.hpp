// Rejects new passwords that attackers try first.
#pragma once
#include <string>
#include <string_view>

namespace api::password {

/// The result of weakness() for a password that is one of the names.
inline constexpr std::string_view too_similar = "This password is too similar to the username or email.";

/// What is wrong with a new password of this account, in a sentence for people, or an empty text: it is the username,
/// the email or its local part, or it is among the most common ones.
std::string weakness(std::string_view password, std::string_view username, std::string_view email);

}  // namespace api::password
