// Reads the settings from the environment, and documents them.
#include "base/settings.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace api {

const std::vector<SettingLine>& setting_lines() {
    static const std::vector<SettingLine> lines = {
        {"FETTLE_URL", "", "Scheme and host of the URLs in responses. Empty: those of the request."},
        {"FETTLE_REGISTRATION", "open", "open: anyone can register an account. closed: registration is refused."},
        {"FETTLE_SESSIONS", "single",
         "single: a login ends the user's earlier sessions. many: a user can have up to 20 sessions."},
        {"FETTLE_KEYS", "/var/lib/fettle/keys",
         "The file with the keys that sign tokens and file URLs. `fettle keys` creates it. Only handlers may read it."},
        {"FETTLE_STORAGE", "/var/lib/fettle/storage",
         "The directory of uploaded files. Only handlers and nginx may read it."},
        {"FETTLE_METRICS", "/run/fettle-metrics",
         "The directory of the metrics. Each handler has a subdirectory with its counters."},
        {"FETTLE_LOG", "requests",
         "requests: log each request and each error to standard error. faults: log only errors."},
        {"FETTLE_UPLOAD_MIB", "256", "The largest upload in MiB (1 to 4096)."},
        {"FETTLE_QUOTA_MIB", "5120", "The largest total size of one user's documents in MiB. 0: no limit."},
        {"FETTLE_CLAIM_HOURS", "8", "Hours after which the claim on a work order expires (1 to 8760)."},
        {"FETTLE_WORKERS", "4",
         "Requests that one handler processes at the same time (1 to 64). Each needs a database connection and memory: "
         "see MemoryMax in the units."},
        {"FETTLE_IDLE", "0", "Seconds without a request after which a handler exits (at least 30). 0: never."},
        {"PGHOST, PGPORT, PGDATABASE, PGUSER", "", "The database connection, in the environment variables of libpq."},
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

/// True for the first of two words, false for the second; throws for any other value.
bool choice(const char* name, std::string_view yes, std::string_view no) {
    std::string value = text(name);
    if (value != yes && value != no)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be " + std::string(yes) + " or " +
                                 std::string(no) + ".");
    return value == yes;
}

/// An integer from min to max; throws for any other value.
int number(const char* name, int min, int max) {
    std::string value = text(name);
    int n = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n < min || n > max)
        throw std::runtime_error(std::string(name) + " is '" + value + "'; it must be a number from " +
                                 std::to_string(min) + " to " + std::to_string(max) + ".");
    return n;
}

/// An absolute path; throws for any other value.
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
    if (s.idle_seconds != 0 && s.idle_seconds < 30)
        throw std::runtime_error("FETTLE_IDLE is '" + text("FETTLE_IDLE") + "'; it must be 0 or at least 30.");
    return s;
}

}  // namespace

const Settings& settings() {
    static const Settings current = read();
    return current;
}

}  // namespace api
