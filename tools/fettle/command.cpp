// Settings, files of the release and the database, for all commands.
#include "command.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "sql/statement.hpp"

namespace tool {

namespace {

/// Who logged in, also behind su and sudo (audit(8) keeps that in loginuid); else whose process this is.
std::string login_name() {
    constexpr uid_t nobody_did = static_cast<uid_t>(-1);
    uid_t user = nobody_did;
    std::ifstream("/proc/self/loginuid") >> user;
    if (user == nobody_did) user = getuid();
    const passwd* entry = getpwuid(user);
    return entry ? entry->pw_name : "uid " + std::to_string(user);
}

/// systemd takes blanks behind a value and quotes around it off, and so do we.
std::string unquoted(const std::string& value) {
    const bool quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    return quoted ? value.substr(1, value.size() - 2) : value;
}

/// Root as the user that PGUSER names, until it is taken back.
class DatabaseUser {
public:
    DatabaseUser() {
        const char* name = std::getenv("PGUSER");
        const passwd* entry = name && geteuid() == 0 ? getpwnam(name) : nullptr;
        became_ = entry && entry->pw_uid != 0 && setegid(entry->pw_gid) == 0 && seteuid(entry->pw_uid) == 0;
    }
    bool became() const { return became_; }
    void take_back() {
        if (seteuid(0) != 0 || setegid(0) != 0) throw std::runtime_error("cannot become root again");
    }

private:
    bool became_;
};

}  // namespace

fs::path beside() { return fs::read_symlink("/proc/self/exe").parent_path(); }

fs::path settings_file() {
    const char* named = std::getenv("FETTLE_ENV");
    if (named && *named) return named;
    if (const char* data = std::getenv("DATA")) return fs::path(data) / "env";
    if (fs::exists(beside() / "run" / "env")) return beside() / "run" / "env";
    return "/etc/fettle/fettle.env";
}

std::vector<std::pair<std::string, std::string>> settings_in(const fs::path& path) {
    std::ifstream file(path);
    const bool is_needed = std::getenv("FETTLE_ENV") || std::getenv("DATA") || fs::exists(path);
    if ((!file && is_needed) || fs::is_directory(path)) throw Complaint("cannot read the settings in " + path.string());
    std::vector<std::pair<std::string, std::string>> lines;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const std::size_t start = line.find_first_not_of(" \t\r"), equals = line.find('=');
        if (start == line.npos || line[start] == '#' || line[start] == ';') continue;
        const bool has_name = start == 0 && equals != line.npos && equals > 0 && !(line[0] >= '0' && line[0] <= '9') &&
                              std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(equals), [](char c) {
                                  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
                              });
        if (!has_name)
            throw Complaint("line " + std::to_string(number) + " of " + path.string() + " is not NAME=value");
        line.erase(line.find_last_not_of(" \t\r") + 1);
        lines.emplace_back(line.substr(0, equals), unquoted(line.substr(equals + 1)));
    }
    return lines;
}

void read_settings() {
    for (const auto& [name, value] : settings_in(settings_file())) setenv(name.c_str(), value.c_str(), 0);
}

fs::path sql_folder() {
    if (const char* named = std::getenv("FETTLE_SQL")) return named;
    fs::path installed = beside().parent_path() / "share" / "fettle" / "sql";
    return fs::exists(installed) ? installed : beside().parent_path() / "sql";
}

std::vector<fs::path> scripts(const fs::path& folder) {
    std::error_code fault;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder, fault))
        if (entry.path().extension() == ".sql") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    if (paths.empty()) throw Complaint("no .sql files in " + folder.string());
    return paths;
}

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw Complaint("cannot read " + path.string());
    return text.str();
}

void open(api::Database& database) {
    const api::Statement nothing = api::numbered("select 1");
    try {
        database.query(nothing, {});
    } catch (const api::ConnectionLost& lost) {
        DatabaseUser user;
        if (!user.became()) throw;
        try {
            database.query(nothing, {});
        } catch (const api::ConnectionLost&) {
            user.take_back();
            throw lost;
        }
    }
}

void begin(api::Database& database, const std::string& command) {
    static const std::string name = login_name();
    database.begin();
    database.query(
        api::numbered("select set_config('fettle.caller', jsonb_build_array(null, null, :origin::text)::text, true)"),
        {{"origin", "fettle " + command + ", " + name}});
}

void run_script(api::Database& database, const fs::path& path) {
    try {
        database.script(contents(path));
    } catch (const Complaint&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw Complaint(path.string() + " failed and changed nothing: " + fault.what());
    }
}

void store_permissions(api::Database& database) {
    const fs::path built = beside() / "permissions.sql";
    run_script(database, fs::exists(built) ? built : sql_folder() / "permissions.sql");
}

std::set<std::string> permission_lines(api::Database& database) {
    api::Rows rows = database.query(api::numbered(R"(
        select 'role ' || name from roles where built_in
        union all
        select 'permission ' || code || ': ' || description from permissions
        union all
        select r.name || ' may ' || code from role_permissions join roles r on r.id = role_id)"),
                                    {});
    std::set<std::string> lines;
    for (std::size_t i = 0; i < rows.size(); ++i) lines.emplace(rows(i, 0));
    return lines;
}

std::string counted(long long number, const std::string& what) {
    return std::to_string(number) + ' ' + what + (number == 1 ? "" : "s");
}

std::string utc(long long seconds) {
    const std::time_t moment = static_cast<std::time_t>(seconds);
    std::tm parts;
    char text[32];
    gmtime_r(&moment, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text;
}

}  // namespace tool
