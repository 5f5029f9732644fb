// Connects to the database, begins transactions, and runs scripts for all commands.
#include "command_database.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "errors.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// The user who logged in, even after su or sudo: audit(8) keeps it in loginuid. If it is not set, the user of this
/// process.
std::string login_name() {
    constexpr uid_t unset = static_cast<uid_t>(-1);
    uid_t user = unset;
    std::ifstream("/proc/self/loginuid") >> user;
    if (user == unset) user = getuid();
    const passwd* entry = getpwuid(user);
    return entry ? entry->pw_name : "uid " + std::to_string(user);
}

/// Makes the user that PGUSER names the effective user of this process. False if this is not root, or if PGUSER names
/// no other user.
bool become_database_user() {
    const char* name = std::getenv("PGUSER");
    const passwd* entry = name && geteuid() == 0 ? getpwnam(name) : nullptr;
    return entry && entry->pw_uid != 0 && setegid(entry->pw_gid) == 0 && seteuid(entry->pw_uid) == 0;
}

void become_root_again() {
    if (seteuid(0) != 0 || setegid(0) != 0) throw std::runtime_error("cannot become root again");
}

}  // namespace

void connect(api::Database& database) {
    const api::Statement ping = api::numbered("select 1");
    try {
        database.query(ping, {});
    } catch (const api::ConnectionLost& lost) {
        if (!become_database_user()) throw;
        try {
            database.query(ping, {});
        } catch (const api::ConnectionLost&) {
            become_root_again();
            throw lost;
        }
    }
}

void begin_audited(api::Database& database, const std::string& command) {
    static const std::string user = login_name();
    database.begin();
    database.query(
        api::numbered("select set_config('fettle.caller', jsonb_build_array(null, null, :origin::text)::text, true)"),
        {{"origin", "fettle " + command + ", " + user}});
}

void run_script(api::Database& database, const std::filesystem::path& path) {
    const std::string script = read_file(path);
    try {
        database.script(script);
    } catch (const api::ConnectionLost&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw UserError(path.string() + " failed and changed nothing: " + error.what());
    }
}

}  // namespace tool
