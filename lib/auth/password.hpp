// Hashes passwords with Argon2id, and takes the same time for usernames that do not exist.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "auth/weakness.hpp"

namespace api::password {

/// The Argon2id hash (RFC 9106, version 1.3) of a password as a PHC string: m=19456 KiB, t=2, p=1 (OWASP Password
/// Storage Cheat Sheet), 16 bytes of salt, 32 of tag. Takes some 27 ms. Throws Problem 503 `unavailable` where two
/// other hashes keep it waiting for longer than a second, or where there is no memory.
std::string hash(std::string_view password);

/// The hash of a password with the parameters and the salt of another hash, `$argon2id$v=19$m=…,t=…,p=…$SALT`: an equal
/// hash where the password is the same, for a caller that may read salts but no hashes. Without a salt it does the same
/// work with a new one, so that the result matches no account. Throws like hash(), and std::runtime_error where the
/// salt is not one of Argon2id.
std::string hash_with(std::string_view password, const std::optional<std::string>& salt);

/// Whether the password belongs to the hash. Without a hash it does the same work and is false, so that the time does
/// not tell which usernames exist. Throws like hash_with().
bool verify(std::string_view password, const std::optional<std::string>& hash);

/// How many hashes this process has computed since it started, for tests.
int computed();

}  // namespace api::password
