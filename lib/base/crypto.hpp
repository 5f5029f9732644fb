// Digests, random tokens and base64url, with OpenSSL.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace api::crypto {

/// SHA-256 (FIPS 180-4), 32 bytes.
std::array<unsigned char, 32> sha256(std::string_view bytes);
/// SHA-256 of bytes that arrive in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    /// Adds the next bytes.
    void add(std::string_view bytes);
    /// The digest in hexadecimal. After this call, no more bytes can be added.
    std::string hex();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};
/// Bytes in lower-case hexadecimal.
std::string hex(std::string_view bytes);
/// The first n bytes of the SHA-256 in hexadecimal.
std::string sha256_hex(std::string_view bytes, std::size_t n = 32);
/// HMAC-SHA256 (RFC 2104), 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// Whether two texts are equal. The duration does not depend on where they differ.
bool equal(std::string_view a, std::string_view b);
/// Base64url without padding (RFC 4648 section 5).
std::string base64url(std::string_view bytes);
/// Decodes base64url without padding. Nothing if the text is empty, longer than 8,192 characters (no token or cursor is
/// that long) or not exactly in the form that base64url() produces.
std::optional<std::string> unbase64url(std::string_view text);
/// A new token: 256 bits from the kernel, 43 characters. Throws like random_bytes().
std::string new_token();
/// n bytes from the kernel's generator (getrandom), at most 256. Throws std::runtime_error if the kernel returns fewer.
std::string random_bytes(std::size_t n);
/// The key under which a token is stored: its SHA-256 as PostgreSQL's hexadecimal bytea.
std::string token_key(std::string_view token);
/// The bytes of PostgreSQL's hexadecimal bytea, `\x0aff`. Throws std::invalid_argument if the text does not have this
/// form.
std::string unhex(std::string_view bytea);

}  // namespace api::crypto
