// Reads the settings from the environment, and documents them.
#include "base/settings.hpp"

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
         "The file of the keys that tokens and URLs of files are signed with, which `fettle keys` makes; only handlers "
         "may read it."},
        {"FETTLE_STORAGE", "/var/lib/fettle/storage",
         "The folder of the files that people upload; only handlers and nginx may read it."},
        {"FETTLE_METRICS", "/run/fettle-metrics",
         "The folder in which each handler keeps what it counts, in a folder of its own."},
        {"FETTLE_LOG", "requests",
         "requests: a line on standard error for each request, and for what goes wrong. faults: for that alone."},
        {"FETTLE_UPLOAD_MIB", "256", "The largest upload in MiB (1 to 4096)."},
        {"FETTLE_QUOTA_MIB", "5120", "What the documents of one user may take together, in MiB; 0: no limit."},
        {"FETTLE_CLAIM_HOURS", "8", "Hours after which a work order that was claimed is open again (1 to 8760)."},
        {"FETTLE_WORKERS", "4",
         "Requests that one handler serves at a time, each with a database connection (1 to 64), and with memory: see "
         "MemoryMax in the units."},
        {"FETTLE_IDLE", "0", "Seconds without a request after which a handler exits, at least 30; 0: never."},
        {"PGHOST, PGPORT, PGDATABASE, PGUSER", "", "The database, as libpq reads them."},
    };
    return lines;
}

namespace {

/// The value of a variable, or its default.
std::string text(const char* name) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
    for (const SettingLine& line : setting_lines())
        if (std::string_view(line.name) == name) return line.initial;
    throw std::logic_error(name);
}

/// True for the first of two words, false for the second.
bool choice(const char* name, std::string_view yes, std::string_view no) {
    std::string value = text(name);
    if (value != yes && value != no)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be " + std::string(yes) + " or " +
                                 std::string(no) + ".");
    return value == yes;
}

/// An integer within these bounds.
int number(const char* name, int min, int max) {
    std::string value = text(name);
    int n = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n < min || n > max)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be a number from " +
                                 std::to_string(min) + " to " + std::to_string(max) + ".");
    return n;
}

/// An absolute path.
std::string path(const char* name) {
    std::string value = text(name);
    if (value.front() != '/')
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must begin with a slash.");
    return value;
}

Settings read() {
    Settings s;
    s.url = text("FETTLE_URL");
    while (!s.url.empty() && s.url.back() == '/') s.url.pop_back();
    s.registration_open = choice("FETTLE_REGISTRATION", "open", "closed");
    s.single_session = choice("FETTLE_SESSIONS", "single", "many");
    s.keys = path("FETTLE_KEYS");
    s.storage = path("FETTLE_STORAGE");
    while (s.storage.size() > 1 && s.storage.back() == '/') s.storage.pop_back();
    s.metrics = path("FETTLE_METRICS");
    s.logs_requests = choice("FETTLE_LOG", "requests", "faults");
    s.largest_upload = static_cast<std::int64_t>(number("FETTLE_UPLOAD_MIB", 1, 4096)) << 20;
    s.quota = static_cast<std::int64_t>(number("FETTLE_QUOTA_MIB", 0, 1 << 30)) << 20;
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
