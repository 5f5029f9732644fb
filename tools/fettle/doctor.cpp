// fettle doctor: looks at everything that Fettle needs on this machine, and says what is wrong in one line each.
#include "doctor.hpp"

#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <set>
#include <sstream>

#include "base/keys.hpp"
#include "base/settings.hpp"

namespace tool {

std::string tenths(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
}

namespace {

/// Beyond what all checks together can take where each of them finds what it waits for gone.
constexpr unsigned most_seconds = 60;

std::string system_error() { return std::strerror(errno); }

void look_at_settings(Report& report) {
    const fs::path file = settings_file();
    const auto lines = settings_in(file);
    read_settings();
    api::settings();  // throws where a value makes no sense

    std::string known = " ";
    for (const api::SettingLine& line : every_setting()) known += std::string(line.name) + ' ';
    std::vector<std::string> unknown;
    for (const auto& [name, value] : lines)
        if (name.starts_with("FETTLE_") && known.find(' ' + name + ' ') == known.npos) unknown.push_back(name);
    if (!fs::exists(file))
        report.add(warn, "settings", "there is no " + file.string() + "; the environment and the defaults stand");
    else if (!unknown.empty())
        report.add(warn, "settings", "nothing reads these in " + file.string() + ": " + joined(unknown));
    else
        report.add(ok, "settings", file.string());
}

/// What handlers write belongs to whom they run as: the user whose name is that of their PostgreSQL role; where there
/// is none, the owner of its folder.
void check_owner(const fs::path& path, const struct stat& is, const struct stat& folder) {
    const char* role = std::getenv("PGUSER");
    const passwd* user = role ? getpwnam(role) : nullptr;
    if (is.st_uid != (user ? user->pw_uid : folder.st_uid))
        throw Complaint(path.string() + " must belong to " +
                        (user ? std::string(user->pw_name) : "the owner of its folder") + ", as whom the handlers run");
}

void look_at_keys(Report& report) {
    const fs::path path = api::settings().keys;
    struct stat file, folder;
    if (stat(path.parent_path().c_str(), &folder) != 0)
        throw Complaint("cannot look at " + path.parent_path().string() + ": " + system_error());
    if (stat(path.c_str(), &file) != 0) {
        if (errno != ENOENT) throw Complaint("cannot look at " + path.string() + ": " + system_error());
        report.add(warn, "keys", path.string() + " is not there yet; `fettle keys` makes it");
        return;
    }
    // the mode first: keys() refuses a file that others may read, too
    const group* readers = getgrnam(api::Keys::readers);
    const bool for_readers = readers && file.st_gid == readers->gr_gid;
    if ((file.st_mode & 0777) != 0600 && ((file.st_mode & 0777) != 0640 || !for_readers))
        throw Complaint(path.string() + " must have the mode 0600, or 0640 and the group " + api::Keys::readers +
                        "; change it with chmod and chgrp");
    check_owner(path, file, folder);
    const api::Key newest = api::keys()->newest("access");
    if (newest.made > std::time(nullptr) + clock_tolerance)
        throw Complaint("the key " + newest.id + " was made " + utc(newest.made) +
                        ", which is still to come: the clock of this machine is wrong, or was");
    const long long days = (std::time(nullptr) - newest.made) / 86400;
    if (days > 90)
        report.add(warn, "keys",
                   "the key " + newest.id + " has signed for " + std::to_string(days) +
                       " days; `fettle keys rotate` makes a new one");
    else
        report.add(ok, "keys", newest.id + " signs, made " + utc(newest.made));
}

/// The folders that fill up, also those of PostgreSQL and nginx that README gives a disk of their own.
std::vector<fs::path> growing_folders() {
    fs::path keys = fs::path(api::settings().keys).parent_path();
    while (!fs::exists(keys) && keys.has_relative_path()) keys = keys.parent_path();
    std::vector<fs::path> all{keys, api::settings().storage};
    glob_t found{};
    for (const char* pattern : {"/var/lib/postgresql", "/var/lib/postgresql/*/*", "/var/lib/postgresql/*/*/pg_wal",
                                "/var/lib/nginx", "/var/lib/nginx/body", "/var/log"})
        if (glob(pattern, 0, nullptr, &found) == 0) {
            all.insert(all.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
            globfree(&found);
        }
    return all;
}

/// Each disk once.
void look_at_disk(Report& report) {
    std::set<dev_t> seen;
    for (const fs::path& folder : growing_folders()) {
        struct stat is;
        struct statvfs disk;
        if (stat(folder.c_str(), &is) != 0 || !seen.insert(is.st_dev).second) continue;
        if (statvfs(folder.c_str(), &disk) != 0)
            throw Complaint("cannot look at the disk of " + folder.string() + ": " + system_error());
        const auto share = [](fsblkcnt_t part, fsblkcnt_t whole) {
            return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
        };
        const double room = share(disk.f_bavail, disk.f_blocks), files = share(disk.f_favail, disk.f_files),
                     free = std::min(room, files);
        report.add(free < 5    ? fail
                   : free < 15 ? warn
                               : ok,
                   "disk",
                   tenths(free) + (files < room ? " % of the files that the disk of " : " % of the disk of ") +
                       folder.string() + (files < room ? " can have are free" : " are free"));
    }
}

void look_at_storage(Report& report) {
    const fs::path path = api::settings().storage;
    struct stat folder, above;
    if (lstat(path.c_str(), &folder) != 0) {
        if (errno != ENOENT) throw Complaint("cannot look at " + path.string() + ": " + system_error());
        report.add(warn, "storage", path.string() + " is not there yet; the first upload makes it");
        return;
    }
    if (!S_ISDIR(folder.st_mode)) throw Complaint(path.string() + " is no folder");
    if (lstat(path.parent_path().c_str(), &above) != 0)
        throw Complaint("cannot look at " + path.parent_path().string() + ": " + system_error());
    if (folder.st_mode & 002) throw Complaint(path.string() + " must not be writable by others; change it with chmod");
    // what is in the storage nginx reads as one of the others: a folder on the way keeps all the rest out
    if ((folder.st_mode & 007) && (above.st_mode & 007))
        throw Complaint(path.parent_path().string() + " or " + path.string() +
                        " must be closed to others; change it with chmod");
    check_owner(path, folder, above);
    struct statvfs disk;
    if (statvfs(path.c_str(), &disk) != 0)
        throw Complaint("cannot look at the disk of " + path.string() + ": " + system_error());
    const double room = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize),
                 uploads = room / static_cast<double>(api::settings().largest_upload);
    report.add(uploads < 1    ? fail
               : uploads < 10 ? warn
                              : ok,
               "storage",
               tenths(room / (1 << 30)) + " GiB are free in " + path.string() +
                   (uploads < 10 ? ", for fewer than ten uploads of the largest size" : ""));
}

/// What keeps the clock right is asked of the kernel, as `timedatectl` does: its error is below 16 s where something
/// does.
void look_at_time(Report& report) {
    timex kernel{};
    const bool is_kept = adjtimex(&kernel) >= 0 && kernel.maxerror < 16'000'000;
    report.add(is_kept ? ok : warn, "time",
               is_kept
                   ? "the clock of this machine is synchronised"
                   : "nothing synchronises the clock of this machine, by which tokens and URLs end; see timedatectl");
}

/// Ends the command where a check hangs: a server that is stopped, a disk that does not answer.
[[noreturn]] void give_up(int) {
    constexpr std::string_view line = "FAIL  doctor       gave up: the check behind the last line does not end\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
    _exit(1);
}

/// Runs one check; what it throws is its finding. True where it came to an end.
bool look(Report& report, const char* what, const std::function<void()>& check) {
    std::string why;
    try {
        check();
        return true;
    } catch (const api::ConnectionLost& lost) {
        why = "it does not answer: " + lost.why;
    } catch (const api::Collision& collision) {
        why = collision.why;
    } catch (const api::BadValue& bad) {
        why = bad.why;
    } catch (const std::exception& fault) {
        why = fault.what();
    }
    report.add(fail, what, why);
    return false;
}

}  // namespace

int doctor(const Arguments&) {
    std::signal(SIGALRM, give_up);
    alarm(most_seconds);
    Report report;
    Machine machine;
    const bool has_settings = look(report, "settings", [&] { look_at_settings(report); });
    using Checks = std::initializer_list<std::pair<const char*, std::function<void()>>>;
    const auto check_all = [&](const Checks& checks) {
        for (const auto& [what, check] : checks) look(report, what, check);
    };
    // as whoever runs it; the database may ask for another user below
    if (has_settings)
        check_all({{"keys", [&] { look_at_keys(report); }},
                   {"storage", [&] { look_at_storage(report); }},
                   {"disk", [&] { look_at_disk(report); }},
                   {"time", [&] { look_at_time(report); }},
                   {"sockets", [&] { look_at_handlers(report, machine); }},
                   {"nginx", [&] { look_at_nginx(report); }}});
    api::Database database("doctor");
    if (has_settings && look(report, "database", [&] { look_at_server(report, database); }))
        check_all({{"migrations", [&] { look_at_migrations(report, database); }},
                   {"clock", [&] { look_at_clock(report, database); }},
                   {"permissions", [&] { look_at_permissions(report, database); }},
                   {"grants", [&] { look_at_grants(report, database); }},
                   {"superusers", [&] { look_at_superusers(report, database); }},
                   {"connections", [&] { look_at_connections(report, database, machine); }},
                   {"audit", [&] { look_at_audit(report, database); }}});
    else
        report.add(warn, "the rest", "was not looked at: it needs what is wrong above");
    return report.worst() == fail ? 1 : 0;
}

}  // namespace tool
