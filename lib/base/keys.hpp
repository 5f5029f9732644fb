// The keys that sign tokens and URLs. All handlers of a machine read them from one file.
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

/// One key. The newest key of a use signs. Older keys verify their signatures until these have expired.
struct Key {
    std::string use;    ///< `access`: access tokens (JWT); `media`: the URLs of stored files
    std::string id;     ///< 8 characters of base64url; the `kid` of a JWT
    std::int64_t made;  ///< time of creation, in seconds since 1970
    std::string bytes;  ///< 32 random bytes from the kernel (RFC 7518 3.2: HS256 needs at least 32)
};

/// The keys of one file, newest first for each use.
class Keys {
public:
    /// The group that may read the key file in addition to its owner, if the machine has this group.
    static constexpr const char* readers = "fettle_keys";

    /// The key that signs for this use. Throws std::runtime_error if the file has none.
    const Key& newest(std::string_view use) const;
    /// The key with this id and use, or null.
    const Key* find(std::string_view use, std::string_view id) const;
    /// All keys, in the order of the file.
    const std::vector<Key>& all() const { return keys_; }

private:
    friend std::shared_ptr<const Keys> keys();
    std::vector<Key> keys_;
};

/// The current keys of the file that the setting FETTLE_KEYS names. Each call checks the file and reads it again if it
/// has changed. If the file does not exist or has no key for a use, a process that may write to its folder creates the
/// missing keys; concurrent processes all get the same keys. Only the owner and the group `readers` may read the file.
/// Throws std::runtime_error, naming the file, if it can be neither read nor created, if other users may read or change
/// it, or if a line is not a valid key.
std::shared_ptr<const Keys> keys();

/// Adds a new key for each use, which signs from the next request on. Removes a key when all its signatures have
/// expired: the lifetime of what it signed, plus an hour for differing clocks, after the key was replaced. Sessions and
/// URLs stay valid. The file keeps its owner, group and mode. Returns the new keys; throws like keys().
std::vector<Key> rotate_keys();

}  // namespace api
