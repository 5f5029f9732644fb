// The checks of fettle doctor for this machine: settings, keys, storage, disks and the clock.
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>

#include "base/keys.hpp"
#include "base/settings.hpp"
#include "doctor.hpp"
#include "errors.hpp"
#include "settings_file.hpp"
#include "text.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;

constexpr mode_t permission_bits = 0777, any_by_others = 007, write_by_others = 002;

/// Throws UserError unless the path belongs to the right user: the system user that PGUSER names, else the owner of
/// `folder`.
void check_owner(const fs::path& path, const struct stat& info, const struct stat& folder) {
    const char* role = std::getenv("PGUSER");
    const passwd* user = role ? getpwnam(role) : nullptr;
    if (info.st_uid != (user ? user->pw_uid : folder.st_uid))
        throw UserError(path.string() + " must belong to " +
                        (user ? "the user " + std::string(user->pw_name) : "the owner of its directory") +
                        "; change it with chown");
}

/// Reads the status of a file or of a link. Throws UserError if that fails.
struct stat status_of(const fs::path& path, int (*read_status)(const char*, struct stat*)) {
    struct stat info;
    check_syscall(read_status(path.c_str(), &info), "cannot read the status of ", path);
    return info;
}

/// As status_of(), but false if the path does not exist.
bool find_status(const fs::path& path, int (*read_status)(const char*, struct stat*), struct stat& info) {
    const int result = read_status(path.c_str(), &info);
    if (result != 0 && errno == ENOENT) return false;
    check_syscall(result, "cannot read the status of ", path);
    return true;
}

struct statvfs disk_of(const fs::path& path) {
    struct statvfs disk;
    check_syscall(statvfs(path.c_str(), &disk), "cannot read the free space of the disk of ", path);
    return disk;
}

/// A part of a whole in per cent; 100 if the whole is 0, as for file systems without a limit of files.
double percentage(fsblkcnt_t part, fsblkcnt_t whole) {
    return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// The folders that grow, including those of PostgreSQL and nginx, which may be on other disks.
std::vector<fs::path> growing_folders() {
    fs::path keys = fs::path(api::settings().keys).parent_path();
    while (!fs::exists(keys) && keys.has_relative_path()) keys = keys.parent_path();
    std::vector<fs::path> folders{keys, api::settings().storage};
    glob_t found{};
    for (const char* pattern : {"/var/lib/postgresql", "/var/lib/postgresql/*/*", "/var/lib/postgresql/*/*/pg_wal",
                                "/var/lib/nginx", "/var/lib/nginx/body", "/var/log"})
        if (glob(pattern, 0, nullptr, &found) == 0) {
            folders.insert(folders.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
            globfree(&found);
        }
    return folders;
}

/// Throws UserError unless FETTLE_URL is empty, or a scheme and a host, which URLs in responses begin with.
void check_url(const std::string& url) {
    const std::size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (!url.empty() && (host == 0 || host == url.size() || url.find_first_of("/?#", host) != url.npos))
        throw UserError("FETTLE_URL is '" + url +
                        "'; it must be a scheme and a host, such as https://fettle.example.org");
}

}  // namespace

void check_settings(Report& report) {
    const fs::path file = settings_file();
    const auto lines = parse_settings_file(file);
    load_settings();
    api::settings();  // throws if a value is invalid
    check_url(api::settings().url);

    std::string known = " ";
    for (const api::SettingLine& line : all_settings()) known += std::string(line.name) + ' ';
    std::vector<std::string> unknown;
    for (const auto& [name, value] : lines)
        if (name.starts_with("FETTLE_") && known.find(' ' + name + ' ') == known.npos) unknown.push_back(name);
    if (!fs::exists(file))
        report.add(Severity::warning, "settings",
                   file.string() +
                       " does not exist, so only environment variables and defaults are used; restore it from "
                       "a backup, or begin with what `fettle settings` prints");
    else if (!unknown.empty())
        report.add(Severity::warning, "settings",
                   "unknown names in " + file.string() +
                       " have no effect; `fettle settings` prints the valid ones: " + join(unknown));
    else
        report.add(Severity::ok, "settings", file.string());
}

void check_keys(Report& report) {
    constexpr long long seconds_per_day = 86400, max_age_days = 90;
    const fs::path path = api::settings().keys;
    const struct stat folder = status_of(path.parent_path(), stat);
    struct stat file;
    if (!find_status(path, stat, file)) {
        report.add(Severity::warning, "keys",
                   path.string() +
                       " does not exist; restore it from a backup, because new keys make all access tokens and URLs "
                       "of files invalid. On a new installation, run `fettle keys` to create it");
        return;
    }
    // the mode first: keys() also refuses a file that other users may read, but with another message
    const group* readers = getgrnam(api::Keys::readers);
    const bool is_for_readers = readers && file.st_gid == readers->gr_gid;
    const mode_t mode = file.st_mode & permission_bits;
    if (mode != 0600 && (mode != 0640 || !is_for_readers))
        throw UserError(path.string() + " must have the mode 0600, or 0640 and the group " + api::Keys::readers +
                        "; change it with chmod and chgrp");
    check_owner(path, file, folder);
    const api::Key newest = api::keys()->newest("access");
    const std::time_t now = std::time(nullptr);
    if (newest.made > now + clock_tolerance)
        throw UserError("the key " + newest.id + " was created " + format_utc(newest.made) +
                        ", which is in the future: the clock of this machine is or was wrong; correct it (see "
                        "`timedatectl`), then run `fettle keys rotate`");
    const long long days = (now - newest.made) / seconds_per_day;
    if (days > max_age_days)
        report.add(Severity::warning, "keys",
                   "the key " + newest.id + " has signed for " + std::to_string(days) +
                       " days; run `fettle keys rotate` to create new ones");
    else
        report.add(Severity::ok, "keys", newest.id + " signs; it was created " + format_utc(newest.made));
}

void check_disks(Report& report) {
    std::set<dev_t> seen;  // several folders may be on one disk
    for (const fs::path& folder : growing_folders()) {
        struct stat info;
        if (stat(folder.c_str(), &info) != 0 || !seen.insert(info.st_dev).second) continue;
        const struct statvfs disk = disk_of(folder);
        const double free_space = percentage(disk.f_bavail, disk.f_blocks),
                     free_files = percentage(disk.f_favail, disk.f_files), free = std::min(free_space, free_files);
        const bool files_are_fewer = free_files < free_space;
        const Severity severity = severity_below(free, 5, 15);
        report.add(severity, "disk",
                   format_decimal(free) + (files_are_fewer ? " % of the inodes" : " %") + " of the disk of " +
                       folder.string() + " are free" +
                       (severity == Severity::ok ? "" : "; delete files, or use a larger disk"));
    }
}

void check_storage(Report& report) {
    const fs::path path = api::settings().storage, parent = path.parent_path();
    struct stat folder;
    if (!find_status(path, lstat, folder)) {
        // a new installation creates it, so its disk may not be mounted; the units of uploads do not start without it
        const bool is_installed = path == "/var/lib/fettle/storage";
        report.add(is_installed ? Severity::failure : Severity::warning, "storage",
                   path.string() + " does not exist; mount its disk, or restore it from a backup" +
                       (is_installed ? ". If there are no documents, run `systemd-tmpfiles --create`"
                                     : "; without documents, the first upload creates it"));
        return;
    }
    if (!S_ISDIR(folder.st_mode))
        throw UserError(path.string() + " is not a directory; move it away, or correct FETTLE_STORAGE");
    const struct stat above = status_of(parent, lstat);
    if (folder.st_mode & write_by_others)
        throw UserError(path.string() + " must not be writable by all users; run `chmod o-w " + path.string() + '`');
    // nginx reads the files with the permissions for others, so a folder above must keep out all other users
    if ((folder.st_mode & any_by_others) && (above.st_mode & any_by_others))
        throw UserError(parent.string() + " or " + path.string() +
                        " must be closed to other users; run `chmod o= " + parent.string() + '`');
    // NOLINTNEXTLINE(readability-suspicious-call-argument): they are in order
    check_owner(path, folder, above);
    constexpr double gibibyte = 1 << 30;
    const struct statvfs disk = disk_of(path);
    const double free_bytes = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize),
                 uploads = free_bytes / static_cast<double>(api::settings().largest_upload);
    report.add(
        severity_below(uploads, 1, 10), "storage",
        format_decimal(free_bytes / gibibyte) + " GiB are free in " + path.string() +
            (uploads < 10 ? ", enough for fewer than ten uploads of the largest size; delete files, or use a larger "
                            "disk"
                          : ""));
}

void check_time(Report& report) {
    // As timedatectl(1) does: the kernel's estimate of the error is below 16 s if a service synchronises the clock.
    constexpr long max_error = 16'000'000;  // microseconds
    timex clock{};
    const bool is_synchronised = adjtimex(&clock) >= 0 && clock.maxerror < max_error;
    report.add(is_synchronised ? Severity::ok : Severity::warning, "time",
               is_synchronised
                   ? "the clock of this machine is synchronised"
                   : "the clock of this machine is not synchronised, and tokens and URLs expire by it; start a time "
                     "service, such as systemd-timesyncd, and see `timedatectl`");
}

}  // namespace tool
