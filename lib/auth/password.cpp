// The only file that uses libargon2; at most two hashes are computed at the same time.
#include "auth/password.hpp"

#include <argon2.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <stdexcept>

#include "base/crypto.hpp"
#include "base/problem.hpp"

namespace api::password {

namespace {

// parameters from the OWASP Password Storage Cheat Sheet, sizes from RFC 9106 4
constexpr std::uint32_t memory_kib = 19456, passes = 2, lanes = 1;
constexpr std::size_t salt_bytes = 16, tag_bytes = 32;

std::atomic<int> count = 0;

/// Permission to compute a hash, given in the order in which threads ask for it. With a semaphore, a thread could wait
/// for the whole second while newer threads take every slot that becomes free.
class Slot {
public:
    Slot() {
        std::unique_lock lock(mutex);
        waiting.push_back(this);
        const bool mine =
            moved.wait_for(lock, std::chrono::seconds(1), [&] { return free > 0 && waiting.front() == this; });
        std::erase(waiting, this);
        if (mine) --free;
        moved.notify_all();
        if (!mine) throw unavailable("Too many passwords are being checked at the same time. Try again.", 1);
        ++count;
    }
    ~Slot() {
        std::lock_guard lock(mutex);
        ++free;
        moved.notify_all();
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

private:
    static inline std::mutex mutex;
    static inline std::condition_variable moved;
    static inline std::deque<const Slot*> waiting;
    // each hash takes 19 MiB; on machines with few cores, more hashes would only wait for a core
    static inline int free = 2;
};

/// The parameters and the salt with which a hash is computed.
struct Cost {
    std::uint32_t memory = memory_kib, time = passes, threads = lanes;
    std::string salt;
};

/// Parses the part of a PHC string before the hash itself.
Cost cost_of(std::string text) {
    Cost found;
    int salt_at = 0;
    if (std::sscanf(text.c_str(), "$argon2id$v=19$m=%u,t=%u,p=%u$%n", &found.memory, &found.time, &found.threads,
                    &salt_at) != 3 ||
        salt_at == 0)
        throw std::runtime_error("a stored password hash is not an Argon2id hash");
    text.erase(0, static_cast<std::size_t>(salt_at));
    for (char& c : text)
        c = c == '+' ? '-' : c == '/' ? '_' : c;  // PHC strings use Base64 without padding, not base64url
    const std::optional<std::string> salt = crypto::unbase64url(text);
    if (!salt) throw std::runtime_error("the salt of a stored password hash is not Base64");
    found.salt = *salt;
    return found;
}

std::string computed_hash(std::string_view password, const Cost& cost) {
    Slot slot;
    std::string encoded(argon2_encodedlen(cost.time, cost.memory, cost.threads,
                                          static_cast<std::uint32_t>(cost.salt.size()), tag_bytes, Argon2_id),
                        '\0');
    int rc = argon2id_hash_encoded(cost.time, cost.memory, cost.threads, password.data(), password.size(),
                                   cost.salt.data(), cost.salt.size(), tag_bytes, encoded.data(), encoded.size());
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR) throw unavailable("Out of memory. Try again.", 1);
    if (rc != ARGON2_OK) throw std::runtime_error(std::string("argon2: ") + argon2_error_message(rc));
    encoded.resize(encoded.find('\0'));
    return encoded;
}

}  // namespace

std::string hash(std::string_view password) {
    return computed_hash(password, {.salt = crypto::random_bytes(salt_bytes)});
}

std::string hash_with(std::string_view password, const std::optional<std::string>& salt) {
    return salt ? computed_hash(password, cost_of(*salt)) : hash(password);
}

bool verify(std::string_view password, const std::optional<std::string>& hash) {
    const std::string computed =
        hash_with(password, hash ? std::optional(hash->substr(0, hash->rfind('$'))) : std::nullopt);
    return hash && crypto::equal(computed, *hash);
}

int computed() { return count; }

}  // namespace api::password
