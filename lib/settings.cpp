// Reads the settings from the environment.
#include "settings.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace api {

const std::vector<SettingLine>& setting_lines() {
    static const std::vector<SettingLine> lines = {
        {"FETTLE_URL", "", "Scheme and host in front of the URLs in answers; empty: as the client called."},
        {"FETTLE_REGISTRATION", "open", "open: anybody may register. closed: nobody may."},
        {"FETTLE_SESSIONS", "single", "single: a login ends the user's earlier sessions. many: it does not."},
        {"FETTLE_KEYS", "/var/lib/fettle/keys",
         "The file of the keys that tokens are signed with, made at the first start; only handlers may read it."},
        {"FETTLE_CLAIM_HOURS", "8", "Hours after which a work order that was claimed is open again (1 to 8760)."},
        {"FETTLE_WORKERS", "4",
         "Requests that one handler serves at a time, each with a database connection (1 to 64)."},
        {"FETTLE_IDLE", "0", "Seconds without a request after which a handler exits, at least 30; 0: never."},
        {"PGHOST, PGPORT, PGDATABASE, PGUSER", "", "The database, as libpq reads them."},
    };
    return lines;
}

namespace {

std::string text(const char* name) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
    for (const SettingLine& line : setting_lines())
        if (std::string_view(line.name) == name) return line.initial;
    throw std::logic_error(name);
}

bool choice(const char* name, std::string_view yes, std::string_view no) {
    std::string value = text(name);
    if (value != yes && value != no)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be " + std::string(yes) + " or " +
                                 std::string(no) + ".");
    return value == yes;
}

int number(const char* name, int min, int max) {
    std::string value = text(name);
    int n = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n < min || n > max)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be a number from " +
                                 std::to_string(min) + " to " + std::to_string(max) + ".");
    return n;
}

Settings read() {
    Settings s;
    s.url = text("FETTLE_URL");
    while (!s.url.empty() && s.url.back() == '/') s.url.pop_back();
    s.registration_open = choice("FETTLE_REGISTRATION", "open", "closed");
    s.single_session = choice("FETTLE_SESSIONS", "single", "many");
    s.keys = text("FETTLE_KEYS");
    if (s.keys.front() != '/') throw std::runtime_error("FETTLE_KEYS is '" + s.keys + "'; it must begin with a slash.");
    s.claim_hours = number("FETTLE_CLAIM_HOURS", 1, 8760);
    s.workers = number("FETTLE_WORKERS", 1, 64);
    s.idle_seconds = number("FETTLE_IDLE", 0, 86400);
    if (s.idle_seconds != 0 && s.idle_seconds < 30) throw std::runtime_error("FETTLE_IDLE must be 0 or at least 30.");
    return s;
}

}  // namespace

const Settings& settings() {
    static const Settings current = read();
    return current;
}

}  // namespace api
