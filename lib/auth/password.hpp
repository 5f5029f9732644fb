// Passwords: Argon2id hashes, at most two at work, and the same work for names that nobody has.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api::password {

/// The Argon2id hash (RFC 9106, version 1.3) of a password as a PHC string: m=19456 KiB, t=2, p=1 (OWASP Password
/// Storage Cheat Sheet), 16 bytes of salt, 32 of tag. Takes some 27 ms. Throws Problem 503 when two others are at work
/// for longer than a second.
std::string hash(std::string_view password);

/// The hash of a password with the parameters and the salt of another one, `$argon2id$v=19$m=…,t=…,p=…$SALT`: the same
/// hash where it is the same password, for whoever may read salts and no hashes. Without a salt it does the same work
/// and is the hash of nobody. Throws like hash().
std::string hash_with(std::string_view password, const std::optional<std::string>& salt);

/// True where the password belongs to the hash. Without a hash it does the same work and is false, so that time does
/// not tell which names exist. Throws like hash().
bool verify(std::string_view password, const std::optional<std::string>& hash);

/// What weakness() says of a password that is one of the names.
inline constexpr std::string_view too_similar = "This password is too similar to the username or email.";

/// What is wrong with a new password for this account, or nothing: it is one of the names, or among the most common.
std::string weakness(std::string_view password, std::string_view username, std::string_view email);

/// Hashes computed by this process since it started, for tests.
int computed();

}  // namespace api::password
