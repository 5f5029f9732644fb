// Hashes passwords with Argon2id. A check takes the same time for usernames that do not exist.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "auth/weakness.hpp"

namespace api::password {

/// The Argon2id hash (RFC 9106, version 1.3) of a password as a PHC string: m=19456 KiB, t=2, p=1 (OWASP Password
/// Storage Cheat Sheet), 16 bytes of salt, 32 of tag. Takes about 27 ms. Throws Problem 503 `unavailable` if it has to
/// wait longer than a second for other hashes (two are computed at a time), or if there is not enough memory.
std::string hash(std::string_view password);

/// The hash of a password with the parameters and the salt of another hash, `$argon2id$v=19$m=…,t=…,p=…$SALT`. The two
/// hashes are equal if the passwords are. It is for handlers whose role may read salts but no hashes. Without a salt it
/// does the same work with a new salt, so that the result matches no account. Throws like hash(), and
/// std::runtime_error if the salt does not have this form.
std::string hash_with(std::string_view password, const std::optional<std::string>& salt);

/// Whether the password has this hash. Without a hash it does the same work and returns false, so that the duration
/// does not reveal which usernames exist. Throws like hash_with().
bool verify(std::string_view password, const std::optional<std::string>& hash);

/// The number of hashes that this process has computed since its start, for tests.
int computed();

}  // namespace api::password
