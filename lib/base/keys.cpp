// Reads the key file when it has changed. Replaces it by renaming a new file, so that a reader always sees a complete
// file, the old or the new one.
//
// A line is `use id made bytes`: the time of creation in seconds since 1970, the bytes in base64url. The newest key of
// each use comes first.
#include "base/keys.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <optional>
#include <sstream>

#include "base/crypto.hpp"
#include "base/descriptor.hpp"
#include "base/settings.hpp"

namespace api {

namespace {

namespace fs = std::filesystem;

/// A purpose of keys. Each use has its own keys, so that a signature is valid for one use only.
struct Use {
    const char* name;
    std::int64_t kept_seconds;  ///< how long a key is kept after a newer key has replaced it
};
/// How far the clocks of machines that share the keys may differ, in seconds.
constexpr std::int64_t for_clocks = 3600;
constexpr Use uses[] = {{"access", access_token_seconds + for_clocks}, {"media", media_url_seconds + for_clocks}};

/// Throws std::runtime_error with the message for errno.
[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

Key new_key(std::string_view use) {
    return {std::string(use), crypto::base64url(crypto::random_bytes(6)), std::time(nullptr), crypto::random_bytes(32)};
}

/// Parses the text of a key file. Throws std::runtime_error if a line is not a valid key.
std::vector<Key> parse(const std::string& text, const std::string& path) {
    std::vector<Key> keys;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words(line);
        Key key;
        std::string bytes, more;
        const bool is_read = words >> key.use >> key.id >> key.made >> bytes && !(words >> more);
        key.bytes = crypto::unbase64url(bytes).value_or("");
        if (!is_read || key.bytes.size() < 32) throw std::runtime_error("a line in " + path + " is not a valid key");
        keys.push_back(std::move(key));
    }
    return keys;
}

/// The text of the file.
std::string written(const std::vector<Key>& keys) {
    std::string text =
        "# The secret keys of Fettle: use, id, time of creation, key. `fettle keys rotate` adds new keys. Keep no "
        "copies of old files.\n";
    for (const Key& key : keys)
        text += key.use + ' ' + key.id + ' ' + std::to_string(key.made) + ' ' + crypto::base64url(key.bytes) + '\n';
    return text;
}

/// Gives a new file the owner, group and mode of the file that it replaces. The first file gets the owner of its
/// folder, and the group `readers` if the machine has that group.
void hand_over(const Descriptor& file, const std::string& fresh, const Descriptor& folder, const struct stat* former) {
    struct stat like;
    if (former) {
        like = *former;
    } else {
        if (fstat(folder, &like) != 0) fail("cannot read the owner of the folder of " + fresh);
        const group* readers = getgrnam(Keys::readers);
        if (readers) like.st_gid = readers->gr_gid;
        like.st_mode = readers ? 0640 : 0600;
    }
    if (geteuid() == 0 && fchown(file, like.st_uid, like.st_gid) != 0) fail("cannot set the owner of " + fresh);
    struct stat is;
    if (fstat(file, &is) != 0) fail("cannot read the owner of " + fresh);
    // a process that is not in that group, or whose sandbox forbids chown, keeps the file private
    if (is.st_gid != like.st_gid && fchown(file, static_cast<uid_t>(-1), like.st_gid) != 0) return;
    if (fchmod(file, like.st_mode & 0640) != 0) fail("cannot set the mode of " + fresh);
}

/// Replaces the key file. Exactly the users who may read the old file may read the new one.
void replace(const std::string& path, const std::vector<Key>& keys, const Descriptor& folder,
             const struct stat* former) {
    const std::string fresh = path + ".new", text = written(keys);
    unlink(fresh.c_str());  // may be left over from a killed process; no other process uses it, because the folder is
                            // locked
    Descriptor file{open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file < 0) fail("cannot create " + fresh);
    hand_over(file, fresh, folder, former);
    errno = ENOSPC;  // a short write does not set errno
    if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(file) != 0)
        fail("cannot write " + fresh);
    if (rename(fresh.c_str(), path.c_str()) != 0) fail("cannot replace " + path);
    if (fsync(folder) != 0) fail("cannot write the folder of " + path);
}

/// The folder of the key file, locked, so that only one process at a time changes the file.
Descriptor locked_folder(const std::string& path) {
    const std::string name = fs::path(path).parent_path().string();
    Descriptor folder{open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder < 0) fail("cannot open the folder of the keys, " + name);
    if (flock(folder, LOCK_EX) != 0) fail("cannot lock " + name);
    return folder;
}

/// The text of the key file, and the facts by which a change of the file is detected.
struct KeyFile {
    std::string text;
    struct stat is{};
};
/// Reads the key file; nothing if it does not exist.
std::optional<KeyFile> read_file(const std::string& path) {
    Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file < 0 && errno == ENOENT) return std::nullopt;
    if (file < 0) fail("cannot read the keys in " + path);
    KeyFile found;
    if (fstat(file, &found.is) != 0) fail("cannot read the keys in " + path);
    if (!S_ISREG(found.is.st_mode) || (found.is.st_mode & 0777 & ~0640) != 0)
        throw std::runtime_error(
            "the key file " + path +
            " must be a regular file with mode 0600 or 0640, so that other users cannot use the keys");
    char buffer[8192];
    ssize_t n;
    while ((n = read(file, buffer, sizeof buffer)) > 0) found.text.append(buffer, static_cast<std::size_t>(n));
    if (n < 0) fail("cannot read the keys in " + path);
    return found;
}

/// Whether two files are the same and unchanged.
bool same(const struct stat& a, const struct stat& b) {
    // ctime changes with every write and chmod
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

}  // namespace

const Key& Keys::newest(std::string_view use) const {
    for (const Key& key : keys_)
        if (key.use == use) return key;
    throw std::runtime_error("no key for the use '" + std::string(use) + "' in " + settings().keys);
}

const Key* Keys::find(std::string_view use, std::string_view id) const {
    for (const Key& key : keys_)
        if (key.use == use && key.id == id) return &key;
    return nullptr;
}

std::shared_ptr<const Keys> keys() {
    static std::mutex mutex;
    static std::shared_ptr<const Keys> current;
    static struct stat read_from{};
    const std::string& path = settings().keys;

    struct stat now;
    const bool there = stat(path.c_str(), &now) == 0;
    std::lock_guard lock(mutex);
    if (there && current && same(now, read_from)) return current;

    std::optional<KeyFile> file = read_file(path);
    std::vector<Key> read = file ? parse(file->text, path) : std::vector<Key>{};
    auto lacks = [&](const Use& use) {
        return std::ranges::none_of(read, [&](const Key& key) { return key.use == use.name; });
    };
    if (std::ranges::any_of(uses, lacks)) {
        // handlers run as users that may only read the file; they use the keys that exist
        const bool may_make = access(fs::path(path).parent_path().c_str(), W_OK) == 0;
        if (!file && !may_make) fail("cannot create the keys in " + path + " (run `fettle keys` to create them)");
        if (may_make) {
            Descriptor folder = locked_folder(path);
            file = read_file(path);  // another process may have created it in the meantime
            read = file ? parse(file->text, path) : std::vector<Key>{};
            for (const Use& use : uses)
                if (lacks(use)) read.push_back(new_key(use.name));
            replace(path, read, folder, file ? &file->is : nullptr);
            file = read_file(path);
            if (!file) fail("cannot read the keys in " + path);
        }
    }
    auto fresh = std::make_shared<Keys>();
    fresh->keys_ = std::move(read);
    read_from = file->is;
    return current = std::move(fresh);
}

std::vector<Key> rotate_keys() {
    keys();
    const std::string& path = settings().keys;
    Descriptor folder = locked_folder(path);
    std::optional<KeyFile> file = read_file(path);
    if (!file) fail("cannot read the keys in " + path);
    const std::vector<Key> held = parse(file->text, path);
    std::vector<Key> made, rotated;
    for (const Use& use : uses) {
        made.push_back(new_key(use.name));
        rotated.push_back(made.back());
        // a key was replaced when the key before it in the file was created
        std::int64_t replaced = made.back().made;
        for (const Key& key : held) {
            if (key.use != use.name) continue;
            if (replaced > made.back().made - use.kept_seconds) rotated.push_back(key);
            replaced = key.made;
        }
    }
    replace(path, rotated, folder, &file->is);
    return made;
}

}  // namespace api
