// The only place that speaks to libargon2.
#include "password.hpp"

#include <argon2.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <stdexcept>

#include "crypto.hpp"
#include "problem.hpp"

namespace api::password {

namespace {

constexpr std::uint32_t memory_kib = 19456, passes = 2, lanes = 1;
constexpr std::size_t salt_bytes = 16, tag_bytes = 32;

std::atomic<int> count = 0;
std::counting_semaphore<2> slots(2);  // more than the cores only adds memory and waiting

/// A place among those that hash.
class Slot {
public:
    Slot() {
        if (!slots.try_acquire_for(std::chrono::seconds(1)))
            throw unavailable("Too many logins at the same time. Try again.", 1);
        ++count;
    }
    ~Slot() { slots.release(); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
};

/// Base64 as PHC strings have it: the standard alphabet without padding.
std::string phc_base64(std::string_view bytes) {
    std::string text = crypto::base64url(bytes);
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    return text;
}

/// The hash of no password at all: a random tag with today's parameters.
const std::string& nobodys_hash() {
    static const std::string hash = "$argon2id$v=19$m=" + std::to_string(memory_kib) + ",t=" + std::to_string(passes) +
                                    ",p=" + std::to_string(lanes) + "$" + phc_base64(crypto::random_bytes(salt_bytes)) +
                                    "$" + phc_base64(crypto::random_bytes(tag_bytes));
    return hash;
}

}  // namespace

std::string hash(std::string_view password) {
    Slot slot;
    const std::string salt = crypto::random_bytes(salt_bytes);
    std::string encoded(argon2_encodedlen(passes, memory_kib, lanes, salt_bytes, tag_bytes, Argon2_id), '\0');
    int rc = argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(),
                                   salt.size(), tag_bytes, encoded.data(), encoded.size());
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR) throw unavailable("Out of memory. Try again.", 1);
    if (rc != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(rc));
    encoded.resize(encoded.find('\0'));
    return encoded;
}

bool verify(std::string_view password, const std::optional<std::string>& hash) {
    Slot slot;
    int rc = argon2id_verify((hash ? *hash : nobodys_hash()).c_str(), password.data(), password.size());
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR) throw unavailable("Out of memory. Try again.", 1);
    if (rc != ARGON2_OK && rc != ARGON2_VERIFY_MISMATCH)
        throw std::runtime_error(std::string("argon2: ") + argon2_error_message(rc));
    return rc == ARGON2_OK && hash.has_value();
}

int computed() { return count; }

}  // namespace api::password
