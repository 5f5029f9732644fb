// Writes files under a temporary name and renames them, so that a path in the storage never has an incomplete file.
#include "files/storage.hpp"

#include <fcntl.h>
#include <magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/problem.hpp"
#include "base/settings.hpp"
#include "base/text.hpp"
#include "sql/statement.hpp"

namespace api {

namespace {

/// Throws the error that errno describes.
[[noreturn]] void fail(const std::string& what) {
    if (errno == ENOSPC || errno == EDQUOT) throw Problem(refusals::no_room);
    throw std::runtime_error("cannot " + what + ": " + std::strerror(errno));
}

/// An open folder. Its files are accessed through its descriptor, even if its path is renamed.
class Folder {
public:
    /// The folder of the setting FETTLE_STORAGE. It is created if only the last part of the path is missing. Other
    /// users have no access to it, because the files in it are readable by all users.
    Folder() : path_(settings().storage) {
        if (mkdir(path_.c_str(), 0750) == 0 && chmod(path_.c_str(), 0750) != 0)
            fail("give its group access to " + path_);
        fd_ = Descriptor(open(path_.c_str(), flags));
        if (fd_ < 0) fail("open the folder " + path_);
    }
    /// The folder with this name in another folder. It is created if it is missing.
    Folder(const Folder& in, const std::string& name) : path_(in.path_ + '/' + name) {
        fd_ = Descriptor(openat(in.fd_, name.c_str(), flags));
        if (fd_ < 0 && errno == ENOENT) {
            const bool made = mkdirat(in.fd_, name.c_str(), 0775) == 0;
            if (!made && errno != EEXIST) fail("create the folder " + path_);
            in.sync();
            fd_ = Descriptor(openat(in.fd_, name.c_str(), flags));
            if (fd_ >= 0 && made) share();
        }
        if (fd_ < 0) fail("open the folder " + path_);
    }

    int fd() const { return fd_; }
    /// Its directory entries are on the disk when this returns.
    void sync() const {
        if (fsync(fd_) != 0) fail("write the folder " + path_);
    }

private:
    static constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

    /// Sets the mode regardless of the umask: handlers run as several users of one group and write to the folder, and
    /// nginx reads it. The folder inherits the set-group-id bit of its parent, and with it the parent's group. A
    /// sandbox may forbid setting that bit, so a mode that is already correct is not set again.
    void share() const {
        struct stat is;
        if (fstat(fd_, &is) != 0) fail("read the mode of the folder " + path_);
        const mode_t wanted = (is.st_mode & 07777) | 0775;
        if ((is.st_mode & 07777) != wanted && fchmod(fd_, wanted) != 0)
            fail("make the folder " + path_ + " writable for its group");
    }

    std::string path_;
    Descriptor fd_;
};

/// Whether libmagic may examine a file. libmagic reads the tables of a compound file (OLE, old office documents) into
/// memory, with the size that the file claims. With the sectors of 512 or 4,096 bytes that the format allows ([MS-CFB]
/// 2.2), that is less than 200 MiB; with larger sectors, a file of 82 MiB took 308 MiB.
bool may_be_examined(int fd) {
    constexpr std::string_view compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    unsigned char head[32];
    if (pread(fd, head, sizeof head, 0) != sizeof head) return true;
    return std::memcmp(head, compound.data(), compound.size()) != 0 || (head[31] == 0 && head[30] <= 12);
}

/// The media type of an open file according to libmagic; unknown_type if it finds none. All threads share one handle,
/// because each handle would map its own copy of the database, 8 MiB, for a few milliseconds of work.
std::string type_of(int fd) {
    static std::mutex mutex;
    static std::unique_ptr<magic_set, void (*)(magic_t)> magic(nullptr, magic_close);
    const std::lock_guard lock(mutex);
    if (!magic) {
        std::unique_ptr<magic_set, void (*)(magic_t)> fresh(magic_open(MAGIC_MIME_TYPE), magic_close);
        if (!fresh) throw std::bad_alloc();
        if (magic_load(fresh.get(), nullptr) != 0)
            throw std::runtime_error(std::string("libmagic: ") + magic_error(fresh.get()));
        // In bytes. libmagic's defaults would cost memory (it reads 7 MiB of the file, partly twice) and time (half a
        // second for a text of only line ends with the limits of 64 KiB and 8 KiB, because dozens of expressions are
        // tried at each line end).
        constexpr std::pair<int, std::size_t> most[]{
            {MAGIC_PARAM_BYTES_MAX, 1 << 20}, {MAGIC_PARAM_ENCODING_MAX, 8 << 10}, {MAGIC_PARAM_REGEX_MAX, 2 << 10}};
        for (const auto& [what, bytes] : most) magic_setparam(fresh.get(), what, &bytes);
        magic = std::move(fresh);
    }
    const char* found = magic_descriptor(magic.get(), fd);
    const std::string type = found ? found : "";
    // libmagic sometimes returns two types without a separator, or an error message instead of a type
    const bool is_type =
        type.size() <= 100 && std::ranges::count(type, '/') == 1 && std::ranges::all_of(type, [](char c) {
            return (c >= 'a' && c <= 'z') || is_digit(c) || std::strchr("/.+-_", c) != nullptr;
        });
    return is_type && !type.starts_with("inode/") ? type : std::string(storage::unknown_type);
}

}  // namespace

Incoming::Incoming() {
    const Folder folder{Folder(), std::string(storage::incoming)};
    name_ = crypto::hex(crypto::random_bytes(storage::incoming_name_length / 2));
    fd_ = Descriptor(openat(folder.fd(), name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (fd_ < 0) fail("create a file in " + settings().storage);
    if (fchmod(fd_, 0644) != 0) {  // regardless of the umask: nginx reads it as another user
        const int why = errno;
        unlinkat(folder.fd(), name_.c_str(), 0);
        errno = why;
        fail("make a file readable for all users in " + settings().storage);
    }
}

Incoming::~Incoming() {
    if (!name_.empty()) unlink((settings().storage + '/' + std::string(storage::incoming) + '/' + name_).c_str());
}

void Incoming::append(std::string_view bytes) {
    digest_.add(bytes);
    while (!bytes.empty()) {
        const ssize_t written = write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write a file in " + settings().storage);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        facts_.size += written;
    }
}

const FileFacts& Incoming::finish() {
    if (fsync(fd_) != 0) fail("write a file in " + settings().storage);
    facts_.sha256 = digest_.hex();
    if (lseek(fd_, 0, SEEK_SET) != 0) fail("read a file in " + settings().storage);
    facts_.type = may_be_examined(fd_) ? type_of(fd_) : std::string(storage::unknown_type);
    return facts_;
}

std::string Incoming::bytes() const {
    std::string all(static_cast<std::size_t>(facts_.size), '\0');
    for (std::size_t filled = 0; filled < all.size();) {
        const ssize_t got = pread(fd_, all.data() + filled, all.size() - filled, static_cast<off_t>(filled));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail("read a file in " + settings().storage);
        filled += static_cast<std::size_t>(got);
    }
    return all;
}

void Incoming::keep(Database& database) {
    static const Statement lock = numbered(storage::keeping);
    database.query(lock, {{"sha256", facts_.sha256}});
    // an earlier try, whose transaction failed, has already moved the file; `fettle sweep` does not remove new files
    if (name_.empty()) return;
    const Folder root, from(root, std::string(storage::incoming)), to(root, facts_.sha256.substr(0, 2));
    if (renameat(from.fd(), name_.c_str(), to.fd(), facts_.sha256.c_str()) != 0)
        fail("move a file into " + settings().storage);
    name_.clear();
    to.sync();
}

}  // namespace api
