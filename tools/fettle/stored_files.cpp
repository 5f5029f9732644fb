// Removes the files of the storage that no row refers to, and finds the rows whose file is missing.
#include "stored_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <iostream>

#include "base/settings.hpp"
#include "command_database.hpp"
#include "directory.hpp"
#include "errors.hpp"
#include "files/storage.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// Seconds. A younger file may belong to an upload that is not complete.
constexpr std::time_t min_age = 3600;

bool is_old(const Directory& directory, const std::string& file) {
    return directory.modified_at(file) < std::time(nullptr) - min_age;
}

/// Removes a stored file unless a row refers to it. An upload of the same bytes waits for the lock; it then finds that
/// the file is gone, and stores its own copy. The rows must be read after the lock was taken.
bool remove_orphan(api::Database& database, const Directory& directory, const std::string& sha256) {
    static const api::Statement lock = api::numbered(api::storage::removing), is_stored = api::numbered(R"(
        select exists (select from documents where sha256 = :sha256)
            or exists (select from profiles where picture_sha256 = :sha256)
            or exists (select from profiles where thumbnail_sha256 = :sha256))");
    const api::Parameters parameters{{"sha256", sha256}};
    if (database.query(is_stored, parameters)(0, 0) == "t") return false;  // the usual case needs no lock
    database.begin();
    database.query(lock, parameters);
    const bool removed =
        database.query(is_stored, parameters)(0, 0) == "f" && is_old(directory, sha256) && directory.remove(sha256);
    database.commit();
    return removed;
}

/// Sweeps one directory of the storage. A file that is older than the database may belong to another database: for
/// instance, to a backup of which only the storage has been restored so far.
void sweep_directory(api::Database& database, const Directory& directory, const std::string& name,
                     std::time_t database_created, SweptFiles& swept) {
    const bool is_incoming = name == api::storage::incoming;
    directory.for_each([&](const std::string& file) {
        if (!is_old(directory, file)) return;
        if (is_incoming) {
            swept.removed +=
                api::storage::is_hex(file, api::storage::incoming_name_length) && directory.remove(file) ? 1 : 0;
        } else if (api::storage::is_sha256(file) && file.starts_with(name)) {
            if (directory.modified_at(file) < database_created)
                ++swept.kept;
            else
                swept.removed += remove_orphan(database, directory, file) ? 1 : 0;
        }
    });
}

/// Whether a file is stored for this content, and whether it has the size that the rows give.
struct FileState {
    bool exists = false, has_size = false;
};

FileState state_of(const Directory& storage, const std::string& sha256, const api::Rows& rows, std::size_t row) {
    constexpr std::size_t size_column = 3;
    struct stat info;
    const bool exists = storage.is_open() &&
                        fstatat(storage.fd(), api::storage::path_of(sha256).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                        S_ISREG(info.st_mode);
    return {exists,
            exists && (rows.is_null(row, size_column) || std::to_string(info.st_size) == rows(row, size_column))};
}

}  // namespace

SweptFiles sweep_files(api::Database& database) {
    const std::time_t database_created =
        database
            .query(api::numbered("select coalesce(extract(epoch from min(applied_at)), 0)::bigint from migrations"), {})
            .integer();
    const Directory storage(AT_FDCWD, api::settings().storage);
    if (!storage.is_open()) {
        if (errno == ENOENT) return {};  // no file was stored yet
        throw UserError("cannot open " + api::settings().storage + ": " + errno_message());
    }
    SweptFiles swept;
    storage.for_each([&](const std::string& name) {
        if (name != api::storage::incoming && !api::storage::is_hex(name, 2)) return;
        const Directory directory(storage.fd(), name);
        if (!directory.is_open()) {
            if (errno == ENOTDIR || errno == ELOOP || errno == ENOENT) return;  // not a directory of the storage
            throw UserError("cannot open " + name + " in the storage: " + errno_message());
        }
        sweep_directory(database, directory, name, database_created, swept);
    });
    return swept;
}

long long report_missing_files(api::Database& database) {
    static const api::Statement next_page = api::numbered(R"(
        select sha256, min(what), count(*), max(size) from (
            select sha256, 'document ' || id as what, size_bytes as size from documents
            union all select picture_sha256, 'the picture of user ' || id, null from profiles
            union all select thumbnail_sha256, 'the thumbnail of user ' || id, null from profiles) stored
         where sha256 > :after group by sha256 order by sha256 limit 1000)");
    static const api::Statement still_stored = api::numbered(R"(
        select exists (select from documents where sha256 = :after)
            or exists (select from profiles where :after in (picture_sha256, thumbnail_sha256)))");
    const Directory storage(AT_FDCWD, api::settings().storage);
    long long missing = 0;
    for (api::Parameters parameters{{"after", ""}};;) {
        const api::Rows rows = database.query(next_page, parameters);
        if (rows.size() == 0) return missing;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::string sha256(rows(i, 0));
            const FileState file = state_of(storage, sha256, rows, i);
            parameters["after"] = sha256;
            // a row that was deleted after the page was read is not an error
            if (file.has_size || database.query(still_stored, parameters)(0, 0) != "t") continue;
            ++missing;
            std::cerr << rows(i, 1) << (rows(i, 2) == "1" ? "" : " and others") << ": its file "
                      << api::storage::path_of(sha256) << (file.exists ? " has another size" : " is missing") << '\n';
        }
    }
}

}  // namespace tool
