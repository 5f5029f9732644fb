// The command line of Fettle: brings a database up to date.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "crypto.hpp"
#include "database.hpp"
#include "problem.hpp"
#include "statement.hpp"

namespace fs = std::filesystem;

namespace {

/// Something that the person at the keyboard can mend.
struct Complaint : std::runtime_error {
    using runtime_error::runtime_error;
};

fs::path beside() { return fs::read_symlink("/proc/self/exe").parent_path(); }

/// Takes NAME=value lines from the file of settings; what the environment says already stands.
void read_environment() {
    const char* named = std::getenv("FETTLE_ENV");
    const char* data = std::getenv("DATA");
    fs::path path = "/etc/fettle/fettle.env";
    if (fs::exists(beside() / "run" / "env")) path = beside() / "run" / "env";
    if (data) path = fs::path(data) / "env";
    if (named) path = named;
    std::ifstream file(path);
    if (!file && (named || data || fs::exists(path))) throw Complaint("cannot read the settings in " + path.string());
    for (std::string line; std::getline(file, line);) {
        std::size_t equals = line.find('=');
        if (line.empty() || line[0] == '#' || equals == line.npos) continue;
        setenv(line.substr(0, equals).c_str(), line.substr(equals + 1).c_str(), 0);
    }
}

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw Complaint("cannot read " + path.string());
    return text.str();
}

std::vector<fs::path> scripts(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".sql") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    if (paths.empty()) throw Complaint("no .sql files in " + folder.string());
    return paths;
}

/// Where sql/ is: FETTLE_SQL, else what was installed or built with this program.
fs::path sql_folder() {
    if (const char* named = std::getenv("FETTLE_SQL")) return named;
    fs::path installed = beside().parent_path() / "share" / "fettle" / "sql";
    return fs::exists(installed) ? installed : beside().parent_path() / "sql";
}

fs::path permissions_file() {
    fs::path built = beside() / "permissions.sql";
    return fs::exists(built) ? built : sql_folder() / "permissions.sql";
}

void run_script(api::Database& database, const fs::path& path, const std::string& sql) {
    try {
        database.script(sql);
    } catch (const std::runtime_error& fault) {
        throw Complaint(path.string() + " failed and changed nothing: " + fault.what());
    }
}

int migrate() {
    api::Database database("migrate", true);
    // one deployment at a time; the lock ends with the connection
    database.query(api::numbered("select pg_advisory_lock(5720)"), {});
    database.script(
        "create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz "
        "not null default now())");
    api::Rows known = database.query(api::numbered("select name from migrations order by name"), {});
    for (std::size_t i = 0; i < known.size(); ++i)
        if (!fs::exists(sql_folder() / "tables" / (std::string(known(i, 0)) + ".sql")))
            throw Complaint("the database has the migration " + std::string(known(i, 0)) + ", which is not in " +
                            sql_folder().string() + "; this release is older than the database");
    for (const fs::path& path : scripts(sql_folder() / "tables")) {
        const std::string name = path.stem().string(), sql = contents(path), digest = api::crypto::sha256_hex(sql);
        api::Rows applied =
            database.query(api::numbered("select sha256 from migrations where name = :name"), {{"name", name}});
        if (applied.size() > 0) {
            if (applied(0, 0) != digest)
                throw Complaint("the migration " + name +
                                " was edited after it had been applied; write a new one instead");
            continue;
        }
        database.begin();
        run_script(database, path, sql);
        database.query(api::numbered("insert into migrations (name, sha256) values (:name, :digest)"),
                       {{"name", name}, {"digest", digest}});
        database.commit();
        std::cout << "applied " << name << '\n';
    }
    database.begin();
    for (const fs::path& path : scripts(sql_folder() / "functions")) run_script(database, path, contents(path));
    run_script(database, permissions_file(), contents(permissions_file()));
    database.commit();
    std::cout << "functions and permissions are up to date\n";
    return 0;
}

struct Command {
    const char* name;
    const char* meaning;
    std::function<int()> run;
};

const std::vector<Command>& commands() {
    static const std::vector<Command> all = {
        {"migrate",
         "Apply the migrations of sql/tables that the database has not seen, each in a transaction\n"
         "      and in order; then re-create functions and triggers and store the permissions that the\n"
         "      handlers ask for. Safe to repeat. Needs the owner of the database.",
         migrate},
    };
    return all;
}

void usage(std::ostream& out) {
    out << "usage: fettle COMMAND\n\nCommands:\n";
    for (const Command& command : commands()) out << "  " << command.name << "\n      " << command.meaning << '\n';
    out << "\nThe database is the one that PGHOST, PGPORT, PGDATABASE and PGUSER name; these and all other settings "
           "are\n"
           "read from the file FETTLE_ENV, else $DATA/env, else build/run/env beside a built fettle, else\n"
           "/etc/fettle/fettle.env. FETTLE_SQL names another folder with tables/ and functions/.\n"
           "\nExit status: 0 done, 1 it could not be done and the reason is on standard error, 2 wrong usage.\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "help") == 0)) {
        usage(std::cout);
        return 0;
    }
    const Command* command = nullptr;
    for (const Command& one : commands())
        if (argc == 2 && one.name == std::string_view(argv[1])) command = &one;
    if (!command) {
        usage(std::cerr);
        return 2;
    }
    try {
        read_environment();
        return command->run();
    } catch (const api::ConnectionLost& lost) {
        std::cerr << "fettle: the database is not there: " << lost.why << '\n';
    } catch (const api::Collision& collision) {
        std::cerr << "fettle: " << collision.why << "; try again\n";
    } catch (const api::BadValue& bad) {
        std::cerr << "fettle: " << bad.why << '\n';
    } catch (const api::Problem& problem) {
        std::cerr << "fettle: " << problem.detail << '\n';
    } catch (const std::exception& fault) {
        std::cerr << "fettle: " << fault.what() << '\n';
    }
    return 1;
}
