// What the two halves of `fettle doctor` share: the lines that it prints, and what they found.
#pragma once
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "command.hpp"

namespace tool {

enum Verdict { ok, warn, fail };

/// Seconds that clocks may be apart before something is wrong: what was signed or stored a moment ago is not of the
/// future.
constexpr int clock_tolerance = 30;

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

/// What was found on the machine, as far as the database is concerned.
struct Machine {
    std::size_t handlers_with_database = 0;
};

/// The handlers that were installed or built with this program (doctor_handlers.cpp).
std::vector<std::string> handlers();
/// The handlers' sockets, and what each handler answers for itself (doctor_handlers.cpp).
void look_at_handlers(Report& report, Machine& machine);
/// Whether nginx serves an installation (doctor_handlers.cpp).
void look_at_nginx(Report& report);
/// One check of the database each (doctor_database.cpp); what it throws is its finding.
void look_at_server(Report& report, api::Database& database);
void look_at_migrations(Report& report, api::Database& database);
void look_at_clock(Report& report, api::Database& database);
void look_at_permissions(Report& report, api::Database& database);
void look_at_grants(Report& report, api::Database& database);
void look_at_superusers(Report& report, api::Database& database);
void look_at_connections(Report& report, api::Database& database, const Machine& machine);
void look_at_audit(Report& report, api::Database& database);

/// A number with one place, for people.
std::string tenths(double value);

}  // namespace tool
