// The checks of fettle doctor for the database.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <map>

#include "base/crypto.hpp"
#include "base/settings.hpp"
#include "command_database.hpp"
#include "doctor.hpp"
#include "errors.hpp"
#include "grants.hpp"
#include "indexes.hpp"
#include "permissions.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// The number in a column of the first row.
double number(const api::Rows& rows, std::size_t column = 0) { return std::stod(std::string(rows(0, column))); }

double to_seconds(const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

void check_server(Report& report, api::Database& database) {
    connect(database);
    const api::Rows server = database.query(api::numbered(R"(
        select current_setting('server_version'), current_setting('server_version_num'), current_setting('lc_messages'),
               current_database())"),
                                            {});
    const std::string version(server(0, 0)), messages(server(0, 2));
    constexpr double min_version = 150000;
    if (number(server, 1) < min_version)
        report.add(Severity::failure, "database",
                   "the version of PostgreSQL is " + version + "; upgrade it to 15 or newer");
    else
        report.add(Severity::ok, "database", "PostgreSQL " + version + " answers for " + std::string(server(0, 3)));

    // api::Database finds the name of a violated constraint in the message
    const bool is_english =
        messages == "C" || messages == "POSIX" || messages.starts_with("C.") || messages.starts_with("en");
    report.add(is_english ? Severity::ok : Severity::failure, "messages",
               is_english
                   ? "lc_messages is '" + messages + "'"
                   : "lc_messages is '" + messages + "'; it must be C: as a superuser of PostgreSQL, run `alter " +
                         "database " + std::string(server(0, 3)) + " set lc_messages = 'C'`");
}

void check_migrations(Report& report, api::Database& database) {
    if (database.query(api::numbered("select to_regclass('migrations')"), {}).is_null(0, 0))
        throw UserError("the database is empty; run `fettle migrate`");
    const api::Rows applied = database.query(api::numbered("select name, sha256 from migrations order by name"), {});
    std::map<std::string, std::string> digests;
    for (std::size_t i = 0; i < applied.size(); ++i) digests.emplace(applied(i, 0), applied(i, 1));
    std::vector<std::string> missing, edited, newer;
    for (const std::filesystem::path& path : list_scripts(sql_folder() / "tables")) {
        const auto found = digests.find(path.stem().string());
        if (found == digests.end()) {
            missing.push_back(path.stem().string());
            continue;
        }
        if (found->second != api::crypto::sha256_hex(read_file(path))) edited.push_back(found->first);
        digests.erase(found);
    }
    for (const auto& [name, digest] : digests) newer.push_back(name);
    if (!missing.empty())
        report.add(Severity::failure, "migrations", "not applied; run `fettle migrate`: " + join(missing));
    else if (!edited.empty())
        report.add(Severity::failure, "migrations",
                   "edited after they were applied; restore these files, and write new migrations: " + join(edited));
    else if (!newer.empty())
        report.add(Severity::failure, "migrations",
                   "this release is older than the database; install the release that has " + join(newer));
    else
        report.add(Severity::ok, "migrations", "all " + std::to_string(applied.size()) + " are applied");
}

void check_indexes(Report& report, api::Database& database) {
    std::vector<std::string> invalid;
    for (const auto& [name, drop] : invalid_indexes(database)) invalid.push_back(name);
    const auto count = static_cast<long long>(invalid.size());
    if (count > 0)
        report.add(Severity::failure, "indexes",
                   std::to_string(count) + (count == 1 ? " index is" : " indexes are") +
                       " not complete; run `fettle migrate`: " + join(invalid));
    else
        report.add(Severity::ok, "indexes", "all are complete");
}

void check_clock(Report& report, api::Database& database) {
    timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    // Everything stored must be in the past. This finds a wrong clock even if the database is on this machine and both
    // clocks are the same.
    const api::Rows server = database.query(api::numbered(R"(
        select extract(epoch from clock_timestamp()), extract(epoch from last - clock_timestamp()), last
          from greatest((select max(applied_at) from migrations),
                        (select at from audit order by id desc limit 1)) last)"),
                                            {});
    clock_gettime(CLOCK_REALTIME, &after);
    if (!server.is_null(0, 1) && number(server, 1) > clock_tolerance)
        throw UserError("the newest migration or row of the audit trail was written at " + std::string(server(0, 2)) +
                        ", which is in the future: the clock of the database is or was wrong; see `timedatectl` there");
    const double apart = std::abs(number(server) - (to_seconds(before) + to_seconds(after)) / 2);
    const Severity severity = severity_above(apart, clock_tolerance, 2);
    report.add(severity, "clock",
               "the clocks of the database and of this machine differ by " + format_decimal(apart) + " s" +
                   (severity == Severity::ok ? "" : "; synchronise both, see `timedatectl`"));
}

void check_permissions(Report& report, api::Database& database) {
    // finds what `fettle roles` would change: changes it, compares, and rolls back
    std::set<std::string> before, after;
    database.begin();
    try {
        before = permission_lines(database);
        store_permissions(database);
        after = permission_lines(database);
    } catch (...) {
        database.rollback();  // the next check uses the same connection
        throw;
    }
    database.rollback();
    const auto count = std::count_if(after.begin(), after.end(),
                                     [](const std::string& line) { return line.starts_with("permission "); });
    if (before != after)
        report.add(Severity::failure, "permissions",
                   "the database does not have those of this release; run `fettle roles`");
    else
        report.add(Severity::ok, "permissions", "all " + std::to_string(count) + " of this release are stored");
}

void check_role_grants(Report& report, api::Database& database) {
    const std::vector<std::string> handlers = list_handlers();
    const std::string fault = check_grants(database, handlers);
    report.add(fault.empty() ? Severity::ok : Severity::failure, "grants",
               fault.empty() ? "the database roles of all " + std::to_string(handlers.size()) +
                                   " handlers have exactly the privileges that they need"
                             : fault);
}

void check_superusers(Report& report, api::Database& database) {
    const long long count =
        database.query(api::numbered("select count(*) from users where is_superuser and is_active"), {}).integer();
    if (count == 0)
        report.add(Severity::failure, "superusers",
                   "no account is an active superuser; run `fettle superuser USERNAME EMAIL`");
    else
        report.add(Severity::ok, "superusers", with_noun(count, "active account"));
}

void check_connections(Report& report, api::Database& database, std::size_t handlers) {
    const api::Rows rows = database.query(api::numbered(R"(
        select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
               (select sum(numbackends) from pg_stat_database))"),
                                          {});
    const long long max = rows.integer(), used = rows.integer(0, 1), workers = api::settings().workers,
                    count = static_cast<long long>(handlers), wanted = count * workers;
    const std::string numbers = std::to_string(used) + " of " + std::to_string(max) + " in use; " +
                                std::to_string(count) + " handlers with " + with_noun(workers, "worker") +
                                " take up to " + std::to_string(wanted);
    const std::string advice = "raise max_connections of PostgreSQL, or lower FETTLE_WORKERS";
    const long long comfortable = max - max / 10;  // a tenth is spare
    if (wanted > max)
        report.add(Severity::failure, "connections", numbers + ", which is too much: " + advice);
    else if (used > comfortable || wanted > comfortable)
        report.add(Severity::warning, "connections", numbers + "; less than a tenth is spare: " + advice);
    else
        report.add(Severity::ok, "connections", numbers);
}

void check_audit(Report& report, api::Database& database) {
    const api::Rows rows = database.query(api::numbered(R"(
        select count(a.id), coalesce(to_char(min(a.at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), '')
          from audit_sealing state
          left join audit a on a.id > state.complete and a.at < now() - interval '5 minutes'
                           and not exists (select from audit_seals s where s.audit_id = a.id)
         group by state.one)"),
                                          {});
    if (rows.size() == 0)
        throw UserError(
            "the row of audit_sealing is gone, so nothing is sealed; restore it from a backup, then run "
            "`fettle audit verify`");
    const long long waiting = rows.integer();
    if (waiting > 0)
        report.add(Severity::warning, "audit",
                   with_noun(waiting, "row") + (waiting == 1 ? " waits" : " wait") +
                       " to be sealed, the oldest since " + std::string(rows(0, 1)) +
                       "; run `systemctl start fettle-audit-seal.timer`, or `fettle audit seal` for now");
    else
        report.add(Severity::ok, "audit", "no row has waited to be sealed for more than 5 minutes");
}

}  // namespace tool
