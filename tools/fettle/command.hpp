// What the families of commands share: complaints, settings, the release's files, and the database as a command uses
// it.
#pragma once
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sql/database.hpp"
#include "base/settings.hpp"

namespace tool {

namespace fs = std::filesystem;

/// Something that the person at the keyboard can mend: exit status 1.
struct Complaint : std::runtime_error {
    using runtime_error::runtime_error;
};
/// An argument that makes no sense: exit status 2.
struct Misuse : std::runtime_error {
    using runtime_error::runtime_error;
};

/// What stands behind the command's name.
using Arguments = std::vector<std::string>;

// The commands, each in the file of its family. They return the exit status.
int migrate(const Arguments&);        // migrate.cpp
int roles(const Arguments&);          // accounts.cpp
int superuser(const Arguments&);      //
int password(const Arguments&);       //
int keys(const Arguments&);           // keys.cpp
int keys_rotate(const Arguments&);    //
int audit_seal(const Arguments&);     // audit.cpp
int audit_verify(const Arguments&);   //
int schedules_run(const Arguments&);  // schedules.cpp
int sweep(const Arguments&);          // sweep.cpp
int doctor(const Arguments&);         // doctor.cpp
int deploy(const Arguments&);         // deploy.cpp
int rollback(const Arguments&);       //
int settings(const Arguments&);       // settings.cpp
int example(const Arguments&);        // example.cpp

/// The file of settings: FETTLE_ENV, else env in the folder DATA, else build/run/env beside a built fettle, else
/// /etc/fettle/fettle.env. Only the last two need not exist.
fs::path settings_file();
/// Its NAME=value lines in order. Throws Complaint where it cannot be read or a line is something else.
std::vector<std::pair<std::string, std::string>> settings_in(const fs::path& file);
/// Puts them into the environment; what that says already stands.
void read_settings();

/// The settings of handlers, and behind them those that only commands read.
std::vector<api::SettingLine> every_setting();

/// The folder of this program: bin of an installation, or a build.
fs::path beside();
/// The folder with tables/, functions/, grants.sql and example.sql: FETTLE_SQL, else what was installed or built with
/// this program.
fs::path sql_folder();
/// Its scripts in the order of their names. Throws Complaint where there are none.
std::vector<fs::path> scripts(const fs::path& folder);
std::string contents(const fs::path& file);

/// Opens the connection. Root becomes the user that PGUSER names where the database asks for that (peer
/// authentication).
void open(api::Database& database);
/// Begins a transaction whose lines in the audit trail say that they come from this command, and who runs it.
void begin(api::Database& database, const std::string& command);
/// Runs a file of ours; where it fails, Complaint with PostgreSQL's words.
void run_script(api::Database& database, const fs::path& file);

/// Makes the table of permissions that of the release, and the built-in roles where they are missing.
void store_permissions(api::Database& database);
/// Roles, permissions and who may what, as lines to compare.
std::set<std::string> permission_lines(api::Database& database);

/// Gives the roles of handlers exactly what sql/grants.sql says; of roles that are missing, and of those of no handler,
/// it says so on standard output.
void apply_grants(api::Database& database, bool revokes);
/// What is not so, as one sentence; empty where each of these handlers has its role, and all have what they should.
std::string wrong_with_grants(api::Database& database, const std::vector<std::string>& handlers);

/// How many files were removed, and how many were not because they are older than the database.
struct Swept {
    long long removed = 0, left = 0;
};
/// Removes the files of the storage that no row speaks of and that are older than an hour, but not than the database.
/// Touches nothing else: no link, no name that is not ours, nothing outside of the storage.
Swept sweep_files(api::Database& database);
/// Names on standard error the rows whose file is not there or has another size; how many contents that are.
long long missing_files(api::Database& database);

/// `a, b, c`, of any list of texts.
template <class Texts>
std::string joined(const Texts& texts) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
    return all;
}
/// `1 row`, `2 rows`.
std::string counted(long long number, const std::string& what);
/// Seconds since 1970 as `2026-11-22 04:15:49 UTC`.
std::string utc(long long seconds);

}  // namespace tool
