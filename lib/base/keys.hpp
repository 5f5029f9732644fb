// The keys that tokens and URLs are signed with: a file that all handlers of this machine read.
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

/// One key. The newest of a use signs; the others verify what they have signed until that has run out.
struct Key {
    std::string use;    ///< `access`: access tokens (JWT); `media`: the URLs of stored files
    std::string id;     ///< 8 characters of base64url, the `kid` of a JWT
    std::int64_t made;  ///< seconds since 1970
    std::string bytes;  ///< 32, from the kernel (RFC 7518 3.2: HS256 wants at least as many)
};

/// The keys of one file, newest first for each use.
class Keys {
public:
    /// The group of those who may read the file beside its owner, where the machine has it.
    static constexpr const char* readers = "fettle_keys";

    /// The key that signs for this use. Throws std::runtime_error where the file has none.
    const Key& newest(std::string_view use) const;
    /// The key with this id and use, or null.
    const Key* find(std::string_view use, std::string_view id) const;
    const std::vector<Key>& all() const { return keys_; }

private:
    friend std::shared_ptr<const Keys> keys();
    std::vector<Key> keys_;
};

/// The keys in the file that the setting FETTLE_KEYS names, as they are now: the file is looked at each time and read
/// again when it is another one. Where it does not exist, or has no key for a use, who may write its folder makes it
/// with a first one; of several processes that make it at once all get the same. It is for its owner and the group
/// readers. Throws std::runtime_error, naming the file, where it can be neither read nor made, where others may read or
/// change it, and where a line is no key.
std::shared_ptr<const Keys> keys();

/// Puts a new key in front for each use, which signs from the next request on, and drops those whose signatures have
/// run out (the life of what they signed, and an hour for clocks, after they were replaced). Sessions and URLs go on.
/// The file keeps its owner, group and mode. Returns the new keys; throws like keys().
std::vector<Key> rotate_keys();

}  // namespace api
