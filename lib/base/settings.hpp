// The settings of a handler: environment variables, each with its default and its meaning.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace api {

/// The values of the environment variables, checked once when the program starts.
struct Settings {
    std::string url;              ///< FETTLE_URL, without a trailing slash
    bool registration_open;       ///< FETTLE_REGISTRATION
    bool single_session;          ///< FETTLE_SESSIONS
    std::string keys;             ///< FETTLE_KEYS
    std::string storage;          ///< FETTLE_STORAGE
    std::string metrics;          ///< FETTLE_METRICS
    bool logs_requests;           ///< FETTLE_LOG
    std::int64_t largest_upload;  ///< FETTLE_UPLOAD_MIB, in bytes
    std::int64_t quota;           ///< FETTLE_QUOTA_MIB, in bytes; 0: no limit
    int claim_hours;              ///< FETTLE_CLAIM_HOURS
    int workers;                  ///< FETTLE_WORKERS
    int idle_seconds;             ///< FETTLE_IDLE
};

/// The settings of this process. Throws std::runtime_error with the name of the variable if a value is not valid.
const Settings& settings();

/// The documentation of a setting, for --help and the settings file.
struct SettingLine {
    const char* name;     ///< of the environment variable
    const char* initial;  ///< the default
    const char* meaning;  ///< a sentence
};
/// All settings in the order of their documentation.
const std::vector<SettingLine>& setting_lines();

}  // namespace api
