// fettle doctor: checks everything that Fettle needs on this machine, and prints one line for each finding.
#include "doctor.hpp"

#include <unistd.h>

#include <csignal>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "commands.hpp"

namespace tool {

namespace {

/// More seconds than all checks together need, even if each of them runs into its own time limit.
constexpr unsigned time_limit = 60;

/// Ends the program when a check hangs: PostgreSQL is stopped by a signal, or a disk does not respond.
[[noreturn]] void give_up(int) {
    constexpr std::string_view line =
        "FAIL  doctor       gave up after 60 seconds: the check after the last line does not end; does PostgreSQL or a "
        "disk not respond?\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
    _exit(1);
}

/// Runs one check, and reports an exception as a failure. False if there was one.
bool run_check(Report& report, const char* subject, const std::function<void()>& check) {
    std::string error;
    try {
        check();
        return true;
    } catch (const api::ConnectionLost& lost) {
        error = std::string("does not answer: ") + lost.what();
        while (error.ends_with(' ')) error.pop_back();  // messages of libpq end with one
        error += "; check that PostgreSQL runs, and PGHOST, PGPORT, PGDATABASE and PGUSER in the settings";
    } catch (const std::exception& exception) {
        error = exception.what();
    }
    report.add(Severity::failure, subject, error);
    return false;
}

using Checks = std::vector<std::pair<const char*, std::function<void()>>>;

void run_checks(Report& report, const Checks& checks) {
    for (const auto& [subject, check] : checks) run_check(report, subject, check);
}

}  // namespace

int doctor(const Arguments&) {
    std::signal(SIGALRM, give_up);
    alarm(time_limit);
    Report report;
    std::size_t handlers_with_database = 0;
    const bool has_settings = run_check(report, "settings", [&] { check_settings(report); });
    // these run as the user who started the command; connecting to the database below may change the user
    if (has_settings)
        run_checks(report, {{"keys", [&] { check_keys(report); }},
                            {"storage", [&] { check_storage(report); }},
                            {"disk", [&] { check_disks(report); }},
                            {"time", [&] { check_time(report); }},
                            {"sockets", [&] { handlers_with_database = check_handlers(report); }},
                            {"nginx", [&] { check_nginx(report); }}});
    api::Database database("doctor");
    if (has_settings && run_check(report, "database", [&] { check_server(report, database); }))
        run_checks(report, {{"migrations", [&] { check_migrations(report, database); }},
                            {"indexes", [&] { check_indexes(report, database); }},
                            {"clock", [&] { check_clock(report, database); }},
                            {"permissions", [&] { check_permissions(report, database); }},
                            {"grants", [&] { check_role_grants(report, database); }},
                            {"superusers", [&] { check_superusers(report, database); }},
                            {"connections", [&] { check_connections(report, database, handlers_with_database); }},
                            {"audit", [&] { check_audit(report, database); }}});
    else
        report.add(Severity::warning, "other checks",
                   "were skipped, because they need what failed above; correct that, and run `fettle doctor` again");
    return report.worst() == Severity::failure ? 1 : 0;
}

}  // namespace tool
