// What `fettle doctor` asks of the database.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "base/crypto.hpp"
#include "doctor.hpp"
#include "base/settings.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// The number in a column of an answer's first row.
double number(const api::Rows& rows, std::size_t column = 0) { return std::stod(std::string(rows(0, column))); }

}  // namespace

void look_at_server(Report& report, api::Database& database) {
    open(database);
    api::Rows server = database.query(api::numbered(R"(
        select current_setting('server_version'), current_setting('server_version_num'), current_setting('lc_messages'),
               current_database())"),
                                      {});
    const std::string version(server(0, 0)), messages(server(0, 2));
    if (number(server, 1) < 150000)
        report.add(fail, "database", "PostgreSQL is " + version + "; it must be 15 or newer");
    else
        report.add(ok, "database", "PostgreSQL " + version + " answers for " + std::string(server(0, 3)));

    // the names of violated constraints are found in messages
    const bool is_english =
        messages == "C" || messages == "POSIX" || messages.starts_with("C.") || messages.starts_with("en");
    report.add(is_english ? ok : fail, "messages",
               is_english ? "lc_messages is '" + messages + "'"
                          : "lc_messages is '" + messages + "'; it must be C, set it in postgresql.conf");
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

void look_at_clock(Report& report, api::Database& database) {
    timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    // What has happened is past. In an installation both clocks below are this machine's.
    api::Rows server = database.query(api::numbered(R"(
        select extract(epoch from clock_timestamp()), extract(epoch from last - clock_timestamp()), last
          from greatest((select max(applied_at) from migrations), (select at from audit order by id desc limit 1)) last)"),
                                      {});
    clock_gettime(CLOCK_REALTIME, &after);
    auto seconds = [](const timespec& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
    };
    if (!server.is_null(0, 1) && number(server, 1) > clock_tolerance)
        throw Complaint("the newest migration or row of the audit trail is of " + std::string(server(0, 2)) +
                        ", which is still to come: the clock of the database is wrong, or was");
    const double apart = std::abs(number(server) - (seconds(before) + seconds(after)) / 2);
    report.add(apart >= clock_tolerance ? fail
               : apart >= 2             ? warn
                                        : ok,
               "clock", "the clocks of the database and of this machine are " + tenths(apart) + " s apart");
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

void look_at_grants(Report& report, api::Database& database) {
    const std::vector<std::string> names = handlers();
    const std::string wrong = wrong_with_grants(database, names);
    report.add(wrong.empty() ? ok : fail, "grants",
               wrong.empty()
                   ? "the roles of all " + std::to_string(names.size()) + " handlers may do what they need, and no more"
                   : wrong);
}

void look_at_superusers(Report& report, api::Database& database) {
    const double count =
        number(database.query(api::numbered("select count(*) from users where is_superuser and is_active"), {}));
    if (count == 0)
        report.add(fail, "superusers", "nobody is an active superuser; `fettle superuser` makes one");
    else
        report.add(ok, "superusers", counted(static_cast<long long>(count), "account") + " active");
}

void look_at_connections(Report& report, api::Database& database, const Machine& machine) {
    api::Rows rows = database.query(api::numbered(R"(
        select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
               (select sum(numbackends) from pg_stat_database))"),
                                    {});
    const int most = static_cast<int>(number(rows)), used = static_cast<int>(number(rows, 1));
    const int count = static_cast<int>(machine.handlers_with_database), workers = api::settings().workers,
              wanted = count * workers;
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

}  // namespace tool
