// fettle doctor: looks at everything that Fettle needs on this machine, and says what is wrong in one line each.
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <iomanip>
#include <iostream>

#include "command.hpp"
#include "crypto.hpp"
#include "descriptor.hpp"
#include "keys.hpp"
#include "problem.hpp"
#include "settings.hpp"
#include "statement.hpp"

namespace tool {

namespace {

enum Verdict { ok, warn, fail };

/// Prints a line for each finding, and knows the worst.
class Report {
public:
    void add(Verdict verdict, const std::string& what, const std::string& why) {
        static constexpr const char* words[] = {"ok", "warn", "FAIL"};
        std::cout << std::left << std::setw(6) << words[verdict] << std::setw(13) << what << why << std::endl;
        worst_ = std::max(worst_, verdict);
    }
    Verdict worst() const { return worst_; }

private:
    Verdict worst_ = ok;
};

std::string system_error() { return std::strerror(errno); }

std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
    return all;
}

/// The number in a column of an answer's first row.
double number(const api::Rows& rows, std::size_t column = 0) { return std::stod(std::string(rows(0, column))); }

/// A moment as a number with one place, for people.
std::string tenths(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
}

// -- the machine

void look_at_settings(Report& report) {
    const fs::path file = settings_file();
    const auto lines = settings_in(file);
    read_settings();
    api::settings();  // throws where a value makes no sense

    std::string known = " FETTLE_SOCKETS FETTLE_SQL ";
    for (const api::SettingLine& line : api::setting_lines()) known += std::string(line.name) + ' ';
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
        report.add(warn, "keys", path.string() + " is not there yet; the first handler that starts makes it");
        return;
    }
    // the mode first: keys() refuses a file that others may read, too
    if ((file.st_mode & 0777) != 0600)
        throw Complaint(path.string() + " must have the mode 0600; change it with chmod");
    check_owner(path, file, folder);
    const api::Key newest = api::keys()->newest("access");
    const long long days = (std::time(nullptr) - newest.made) / 86400;
    if (days > 90)
        report.add(warn, "keys",
                   "the key " + newest.id + " has signed for " + std::to_string(days) +
                       " days; `fettle keys rotate` makes a new one");
    else
        report.add(ok, "keys", newest.id + " signs, made " + utc(newest.made));
}

void look_at_disk(Report& report) {
    fs::path folder = fs::path(api::settings().keys).parent_path();
    while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
    struct statvfs disk;
    if (statvfs(folder.c_str(), &disk) != 0)
        throw Complaint("cannot look at the disk of " + folder.string() + ": " + system_error());
    const double free =
        100.0 * static_cast<double>(disk.f_bavail) / static_cast<double>(std::max<fsblkcnt_t>(disk.f_blocks, 1));
    report.add(free < 5    ? fail
               : free < 15 ? warn
                           : ok,
               "disk", tenths(free) + " % of the disk of " + folder.string() + " are free");
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
    if (folder.st_mode & 027)
        throw Complaint(path.string() +
                        " must be writable by its owner only and closed to others; change it with chmod");
    if (lstat(path.parent_path().c_str(), &above) != 0)
        throw Complaint("cannot look at " + path.parent_path().string() + ": " + system_error());
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

/// The handlers that were installed or built with this program.
std::vector<std::string> handlers() {
    fs::path folder = beside().parent_path() / "lib" / "fettle" / "handlers";
    if (!fs::exists(folder)) folder = beside() / "handlers";
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    if (names.empty()) throw Complaint("there is no handler in " + folder.string());
    std::sort(names.begin(), names.end());
    return names;
}

/// What is wrong with a handler's socket, or nothing. Connects, and asks for nothing.
std::string wrong_with_socket(const fs::path& path) {
    struct stat is;
    if (lstat(path.c_str(), &is) != 0) return path.string() + ": " + system_error();
    if (!S_ISSOCK(is.st_mode)) return path.string() + " is no socket";
    if (is.st_mode & 007) return path.string() + " is open to everybody; whoever connects may claim to be any address";
    sockaddr_un address{AF_UNIX, {}};
    if (path.string().size() >= sizeof address.sun_path) return path.string() + " is too long for a socket";
    std::strcpy(address.sun_path, path.c_str());
    // a full queue refuses at once
    const api::Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool connected = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (connected) return "";
    return path.string() + " takes no connection: " + system_error() + (errno == EACCES ? "; run doctor as root" : "");
}

void look_at_sockets(Report& report) {
    const char* named = std::getenv("FETTLE_SOCKETS");
    const fs::path folder = named && *named ? named : "/run/fettle";
    const std::vector<std::string> names = handlers();
    bool all_well = true;
    for (const std::string& name : names)
        if (std::string wrong = wrong_with_socket(folder / (name + ".sock")); !wrong.empty()) {
            report.add(fail, "sockets", wrong);
            all_well = false;
        }
    if (all_well)
        report.add(ok, "sockets", std::to_string(names.size()) + " handlers take connections in " + folder.string());
}

// -- the database

void look_at_server(Report& report, api::Database& database) {
    open(database);
    timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    api::Rows server = database.query(api::numbered(R"(
        select extract(epoch from clock_timestamp()), current_setting('server_version'), current_setting('server_version_num'),
               current_setting('lc_messages'), current_database())"),
                                      {});
    clock_gettime(CLOCK_REALTIME, &after);
    const std::string version(server(0, 1)), messages(server(0, 3));
    if (number(server, 2) < 150000)
        report.add(fail, "database", "PostgreSQL is " + version + "; it must be 15 or newer");
    else
        report.add(ok, "database", "PostgreSQL " + version + " answers for " + std::string(server(0, 4)));

    // the names of violated constraints are found in messages
    const bool is_english =
        messages == "C" || messages == "POSIX" || messages.starts_with("C.") || messages.starts_with("en");
    report.add(is_english ? ok : fail, "messages",
               is_english ? "lc_messages is '" + messages + "'"
                          : "lc_messages is '" + messages + "'; it must be C, set it in postgresql.conf");

    auto seconds = [](const timespec& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
    };
    const double apart = std::abs(number(server) - (seconds(before) + seconds(after)) / 2);
    report.add(apart >= 30  ? fail
               : apart >= 2 ? warn
                            : ok,
               "clock", "the clocks of the database and of this machine are " + tenths(apart) + " s apart");
}

void look_at_migrations(Report& report, api::Database& database) {
    if (database.query(api::numbered("select to_regclass('migrations')"), {}).is_null(0, 0))
        throw Complaint("the database is empty; run `fettle migrate`");
    api::Rows applied = database.query(api::numbered("select name, sha256 from migrations order by name"), {});
    std::map<std::string, std::string> known;
    for (std::size_t i = 0; i < applied.size(); ++i) known.emplace(applied(i, 0), applied(i, 1));
    const std::size_t count = known.size();
    std::vector<std::string> missing, edited, newer;
    for (const fs::path& path : scripts(sql_folder() / "tables")) {
        auto found = known.find(path.stem().string());
        if (found == known.end()) {
            missing.push_back(path.stem().string());
            continue;
        }
        if (found->second != api::crypto::sha256_hex(contents(path))) edited.push_back(found->first);
        known.erase(found);
    }
    for (const auto& [name, digest] : known) newer.push_back(name);
    if (!missing.empty())
        report.add(fail, "migrations", "not applied, run `fettle migrate`: " + joined(missing));
    else if (!edited.empty())
        report.add(fail, "migrations", "edited after they had been applied: " + joined(edited));
    else if (!newer.empty())
        report.add(fail, "migrations", "this release is older than the database, which also has " + joined(newer));
    else
        report.add(ok, "migrations", "all " + std::to_string(count) + " are applied");
}

void look_at_permissions(Report& report, api::Database& database) {
    // what would be changed if it were done; it is not
    std::set<std::string> before, after;
    database.begin();
    try {
        before = permission_lines(database);
        store_permissions(database);
        after = permission_lines(database);
    } catch (...) {
        database.rollback();  // the next check asks on the same connection
        throw;
    }
    database.rollback();
    const auto count = std::count_if(after.begin(), after.end(),
                                     [](const std::string& line) { return line.starts_with("permission "); });
    if (before != after)
        report.add(fail, "permissions", "they are not those of this release; run `fettle roles`");
    else
        report.add(ok, "permissions", "all " + std::to_string(count) + " of this release are stored");
}

void look_at_superusers(Report& report, api::Database& database) {
    const double count =
        number(database.query(api::numbered("select count(*) from users where is_superuser and is_active"), {}));
    if (count == 0)
        report.add(fail, "superusers", "nobody is an active superuser; `fettle superuser` makes one");
    else
        report.add(ok, "superusers", counted(static_cast<long long>(count), "account") + " active");
}

void look_at_connections(Report& report, api::Database& database) {
    api::Rows rows = database.query(api::numbered(R"(
        select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
               (select sum(numbackends) from pg_stat_database))"),
                                    {});
    const int most = static_cast<int>(number(rows)), used = static_cast<int>(number(rows, 1));
    const int count = static_cast<int>(handlers().size()), workers = api::settings().workers, wanted = count * workers;
    const std::string numbers = std::to_string(used) + " of " + std::to_string(most) + " in use; " +
                                std::to_string(count) + " handlers with " + counted(workers, "worker") +
                                " take up to " + std::to_string(wanted);
    const int many = most - most / 10;
    report.add(wanted > most                  ? fail
               : used > many || wanted > many ? warn
                                              : ok,
               "connections", wanted > most ? numbers + ": raise max_connections or lower FETTLE_WORKERS" : numbers);
}

void look_at_audit(Report& report, api::Database& database) {
    api::Rows rows = database.query(api::numbered(R"(
        select count(a.id), coalesce(to_char(min(a.at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), '')
          from audit_sealing state
          left join audit a on a.id > state.complete and a.at < now() - interval '5 minutes'
                           and not exists (select from audit_seals s where s.audit_id = a.id)
         group by state.one)"),
                                    {});
    if (rows.size() == 0) throw Complaint("the row of audit_sealing is gone; run `fettle audit verify`");
    const long long waiting = static_cast<long long>(number(rows));
    if (waiting > 0)
        report.add(warn, "audit",
                   counted(waiting, "row") + (waiting == 1 ? " waits" : " wait") + " to be sealed, the oldest since " +
                       std::string(rows(0, 1)) + "; is fettle-audit-seal.timer active?");
    else
        report.add(ok, "audit", "no row has waited to be sealed for more than 5 minutes");
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
    Report report;
    const bool has_settings = look(report, "settings", [&] { look_at_settings(report); });
    auto check_all = [&](const auto& checks, auto&&... given) {
        for (const auto& [what, check] : checks) look(report, what, [&] { check(report, given...); });
    };
    // as whoever runs it; the database may ask for another user below
    if (has_settings)
        check_all(std::initializer_list<std::pair<const char*, void (*)(Report&)>>{{"keys", look_at_keys},
                                                                                   {"storage", look_at_storage},
                                                                                   {"disk", look_at_disk},
                                                                                   {"sockets", look_at_sockets}});
    api::Database database("doctor");
    const std::initializer_list<std::pair<const char*, void (*)(Report&, api::Database&)>> of_database = {
        {"migrations", look_at_migrations},
        {"permissions", look_at_permissions},
        {"superusers", look_at_superusers},
        {"connections", look_at_connections},
        {"audit", look_at_audit}};
    if (has_settings && look(report, "database", [&] { look_at_server(report, database); }))
        check_all(of_database, database);
    else
        report.add(warn, "the rest", "was not looked at: it needs what is wrong above");
    return report.worst() == fail ? 1 : 0;
}

}  // namespace tool
