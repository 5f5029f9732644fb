// The only file that uses OpenSSL.
//
// SHA-256 and its HMAC use OpenSSL's deprecated direct functions. The newer functions look up the algorithm at every
// call (8 % of a handler's time for reading one task) and load a provider at the first call (3 MiB and some
// milliseconds of a cold start).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <stdexcept>

namespace api::crypto {

struct Sha256::Context : SHA256_CTX {};

Sha256::Sha256() : context_(std::make_unique<Context>()) { SHA256_Init(context_.get()); }
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) { SHA256_Update(context_.get(), bytes.data(), bytes.size()); }

std::string Sha256::hex() {
    unsigned char digest[32];
    SHA256_Final(digest, context_.get());
    return crypto::hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::array<unsigned char, 32> sha256(std::string_view bytes) {
    std::array<unsigned char, 32> digest;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(digest.data(), &context);
    return digest;
}

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned char byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string sha256_hex(std::string_view bytes, std::size_t n) {
    auto digest = sha256(bytes);
    return hex({reinterpret_cast<const char*>(digest.data()), n});
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    // RFC 2104 2: a block of SHA-256 has 64 bytes; a longer key is replaced by its digest
    auto text = [](const std::array<unsigned char, 32>& digest) {
        return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
    };
    std::string inner = key.size() > 64 ? text(sha256(key)) : std::string(key);
    inner.resize(64, '\0');
    std::string outer = inner;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
    return text(sha256(outer + text(sha256(inner.append(bytes)))));
}

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64url(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                        reinterpret_cast<const unsigned char*>(bytes.data()),
                                                        static_cast<int>(bytes.size()))));
    while (!out.empty() && out.back() == '=') out.pop_back();
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

std::optional<std::string> unbase64url(std::string_view text) {
    if (text.empty() || text.size() > 8192) return std::nullopt;
    std::string padded(text);
    for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (padded.size() % 4 != 0) padded += '=';
    std::string out(padded.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size())) < 0)
        return std::nullopt;
    out.resize(out.size() - (padded.size() - text.size()));
    // a token has exactly one spelling, so other encodings of the same bytes are rejected
    if (base64url(out) != text) return std::nullopt;
    return out;
}

std::string random_bytes(std::size_t n) {
    std::string bytes(n, '\0');
    if (getrandom(bytes.data(), n, 0) != static_cast<ssize_t>(n))
        throw std::runtime_error("the kernel returned no random bytes");
    return bytes;
}

std::string new_token() { return base64url(random_bytes(32)); }

std::string token_key(std::string_view token) { return "\\x" + sha256_hex(token); }

std::string unhex(std::string_view bytea) {
    std::string bytes;
    auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        throw std::invalid_argument("not hexadecimal");
    };
    if (!bytea.starts_with("\\x") || bytea.size() % 2 != 0) throw std::invalid_argument("not a bytea");
    for (std::size_t i = 2; i < bytea.size(); i += 2)
        bytes += static_cast<char>(digit(bytea[i]) << 4 | digit(bytea[i + 1]));
    return bytes;
}

}  // namespace api::crypto
