// The files of the storage against the rows that speak of them: what sweep removes, and what it misses.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "base/descriptor.hpp"
#include "base/settings.hpp"
#include "sql/statement.hpp"
#include "files/storage.hpp"

namespace tool {

namespace {

/// A file that is younger may belong to an upload that has not come to its end.
constexpr std::time_t young = 3600;

/// A folder that is open. What is found in it is neither a link nor anywhere else.
class Folder {
public:
    Folder(int in, const std::string& name)
        : fd_(openat(in, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }

    void each(const std::function<void(const std::string&)>& see) const {
        const int own = openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const std::unique_ptr<DIR, int (*)(DIR*)> names(own < 0 ? nullptr : fdopendir(own), closedir);
        if (!names) throw Complaint(std::string("cannot read the storage: ") + std::strerror(errno));
        while (const dirent* entry = readdir(names.get())) see(entry->d_name);
    }
    /// When a plain file of that name was written; now where there is none.
    std::time_t written(const std::string& name) const {
        struct stat is;
        return fstatat(fd_, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(is.st_mode) ? is.st_mtime
                                                                                                : std::time(nullptr);
    }
    /// Whether a plain file of that name is old enough to be of no use to anybody who is at work.
    bool is_old(const std::string& name) const { return written(name) < std::time(nullptr) - young; }
    bool remove(const std::string& name) const {
        if (unlinkat(fd_, name.c_str(), 0) == 0) return true;
        if (errno == ENOENT) return false;  // somebody else sweeps
        throw Complaint("cannot remove " + name + " from the storage: " + std::strerror(errno));
    }

private:
    api::Descriptor fd_;
};

/// Removes a stored file unless a row speaks of it. The lock keeps an upload of the same bytes waiting, which then
/// finds them gone and brings its own; the rows are looked at behind it.
bool remove_orphan(api::Database& database, const Folder& folder, const std::string& sha256) {
    static const api::Statement lock = api::numbered(api::storage::removing), is_stored = api::numbered(R"(
        select exists (select from documents where sha256 = :sha256)
            or exists (select from profiles where picture_sha256 = :sha256)
            or exists (select from profiles where thumbnail_sha256 = :sha256))");
    const api::Parameters parameters{{"sha256", sha256}};
    if (database.query(is_stored, parameters)(0, 0) == "t") return false;  // nearly always, and without a lock
    database.begin();
    database.query(lock, parameters);
    const bool removed =
        database.query(is_stored, parameters)(0, 0) == "f" && folder.is_old(sha256) && folder.remove(sha256);
    database.commit();
    return removed;
}

}  // namespace

Swept sweep_files(api::Database& database) {
    // What is older than the database came with another one: a backup whose storage was put back before its tables.
    const std::time_t first = std::stoll(std::string(database.query(
        api::numbered("select coalesce(extract(epoch from min(applied_at)), 0)::bigint from migrations"), {})(0, 0)));
    const Folder storage(AT_FDCWD, api::settings().storage);
    if (!storage.is_open()) {
        if (errno == ENOENT) return {};  // nobody has stored anything
        throw Complaint("cannot open " + api::settings().storage + ": " + std::strerror(errno));
    }
    Swept swept;
    storage.each([&](const std::string& name) {
        const bool is_incoming = name == api::storage::incoming;
        if (!is_incoming && !api::storage::is_hex(name, 2)) return;
        const Folder folder(storage.fd(), name);
        if (!folder.is_open()) {
            if (errno == ENOTDIR || errno == ELOOP || errno == ENOENT) return;  // not one of ours
            throw Complaint("cannot open " + name + " in the storage: " + std::strerror(errno));
        }
        folder.each([&](const std::string& file) {
            if (!folder.is_old(file)) return;
            if (is_incoming)
                swept.removed += api::storage::is_hex(file, api::storage::incoming_name_length) && folder.remove(file);
            else if (api::storage::is_sha256(file) && file.starts_with(name)) {
                if (folder.written(file) < first)
                    ++swept.left;
                else
                    swept.removed += remove_orphan(database, folder, file);
            }
        });
    });
    return swept;
}

long long missing_files(api::Database& database) {
    // a page of contents at a time; a row that is gone since then is no fault
    static const api::Statement page = api::numbered(R"(
        select sha256, min(what), count(*), max(size) from (
            select sha256, 'document ' || id as what, size_bytes as size from documents
            union all select picture_sha256, 'the picture of user ' || id, null from profiles
            union all select thumbnail_sha256, 'the thumbnail of user ' || id, null from profiles) stored
         where sha256 > :after group by sha256 order by sha256 limit 1000)");
    static const api::Statement again = api::numbered(R"(
        select exists (select from documents where sha256 = :after)
            or exists (select from profiles where :after in (picture_sha256, thumbnail_sha256)))");
    const Folder storage(AT_FDCWD, api::settings().storage);
    long long missing = 0;
    for (api::Parameters parameters{{"after", ""}};;) {
        const api::Rows rows = database.query(page, parameters);
        if (rows.size() == 0) return missing;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::string sha256(rows(i, 0));
            struct stat is;
            const bool is_there =
                storage.is_open() &&
                fstatat(storage.fd(), api::storage::path_of(sha256).c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(is.st_mode);
            const bool is_whole = is_there && (rows.is_null(i, 3) || std::to_string(is.st_size) == rows(i, 3));
            parameters["after"] = sha256;
            if (is_whole || database.query(again, parameters)(0, 0) != "t") continue;
            ++missing;
            std::cerr << rows(i, 1) << (rows(i, 2) == "1" ? "" : " and others") << ": its file "
                      << api::storage::path_of(sha256) << (is_there ? " has another size" : " is missing") << '\n';
        }
    }
}

}  // namespace tool
