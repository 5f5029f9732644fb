// Finds and reads the file of settings.
#include "settings_file.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <ranges>

#include "errors.hpp"
#include "release_files.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;

constexpr const char* spaces = " \t\r";

/// systemd removes the quotes around a value, and so do we.
std::string unquote(const std::string& value) {
    const bool is_quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    return is_quoted ? value.substr(1, value.size() - 2) : value;
}

/// Whether it is the name of an environment variable.
bool is_variable_name(const std::string& name) {
    const bool starts_with_digit = !name.empty() && name[0] >= '0' && name[0] <= '9';
    return !name.empty() && !starts_with_digit &&
           std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

}  // namespace

fs::path settings_file() {
    const char* named = std::getenv("FETTLE_ENV");
    if (named && *named) return named;
    if (const char* data = std::getenv("DATA")) return fs::path(data) / "env";
    if (fs::exists(program_folder() / "run" / "env")) return program_folder() / "run" / "env";
    return "/etc/fettle/fettle.env";
}

std::vector<std::pair<std::string, std::string>> parse_settings_file(const fs::path& path) {
    std::ifstream file(path);
    const bool is_required = std::getenv("FETTLE_ENV") || std::getenv("DATA") || fs::exists(path);
    if ((!file && is_required) || fs::is_directory(path))
        throw UserError("cannot read the settings in " + path.string());
    std::vector<std::pair<std::string, std::string>> settings;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const std::size_t start = line.find_first_not_of(spaces), equals = line.find('=');
        if (start == line.npos || line[start] == '#' || line[start] == ';') continue;
        if (equals == line.npos || !is_variable_name(line.substr(0, equals)))
            throw UserError("line " + std::to_string(number) + " of " + path.string() +
                            " is not NAME=value without spaces around the equals sign");
        line.erase(line.find_last_not_of(spaces) + 1);  // as systemd does
        settings.emplace_back(line.substr(0, equals), unquote(line.substr(equals + 1)));
    }
    return settings;
}

void load_settings() {
    constexpr int keep_existing = 0;
    // of two lines with one name the last one counts, as for systemd
    const auto lines = parse_settings_file(settings_file());
    for (const auto& [name, value] : std::views::reverse(lines)) setenv(name.c_str(), value.c_str(), keep_existing);
}

std::vector<api::SettingLine> all_settings() {
    std::vector<api::SettingLine> lines = api::setting_lines();
    lines.insert(lines.end(),
                 {{"FETTLE_SOCKETS", "/run/fettle",
                   "The directory of the handlers' sockets; only the command `fettle` reads this."},
                  {"FETTLE_SQL", "",
                   "Another directory with tables/, functions/, grants.sql and example.sql; only the command `fettle` "
                   "reads this."}});
    return lines;
}

}  // namespace tool
