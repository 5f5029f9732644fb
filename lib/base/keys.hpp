// The keys that sign tokens and URLs, in a file that all handlers of this machine read.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// How long an access token is valid, in seconds. The key that signed it is kept for as long.
inline constexpr int access_token_seconds = 15 * 60;
/// How long a signed URL of a stored file is valid at most, in seconds. The key that signed it is kept for as long.
inline constexpr std::int64_t media_url_seconds = 300;

/// One key. The newest of a use signs; older ones verify what they have signed until that has expired.
struct Key {
    std::string use;    ///< `access`: access tokens (JWT); `media`: the URLs of stored files
    std::string id;     ///< 8 characters of base64url, the `kid` of a JWT
    std::int64_t made;  ///< seconds since 1970
    std::string bytes;  ///< 32, from the kernel (RFC 7518 3.2: HS256 needs at least as many)
};

/// The keys of one file, newest first for each use.
class Keys {
public:
    /// The group that may read the file besides its owner, where the machine has it.
    static constexpr const char* readers = "fettle_keys";

    /// The key that signs for this use. Throws std::runtime_error where the file has none.
    const Key& newest(std::string_view use) const;
    /// The key with this id and use, or null.
    const Key* find(std::string_view use, std::string_view id) const;
    /// All keys, as the file lists them.
    const std::vector<Key>& all() const { return keys_; }

private:
    friend std::shared_ptr<const Keys> keys();
    std::vector<Key> keys_;
};

/// The current keys of the file that the setting FETTLE_KEYS names: each call checks the file, and reads it again where
/// it has changed. Where it does not exist or has no key for a use, a process that may write to its folder makes a
/// first one; processes that do so at the same time all get the same key. Only the owner and the group `readers` may
/// read it. Throws std::runtime_error, naming the file, where it can be neither read nor made, where others may read or
/// change it, and where a line is not a key.
std::shared_ptr<const Keys> keys();

/// Adds a new key for each use, which signs from the next request on, and removes the keys whose signatures have
/// expired: the lifetime of what they signed, and an hour for differing clocks, after they were replaced. Sessions and
/// URLs stay valid. The file keeps its owner, group and mode. Returns the new keys; throws like keys().
std::vector<Key> rotate_keys();

}  // namespace api
