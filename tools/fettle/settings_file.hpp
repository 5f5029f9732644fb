// The file of settings: where it is, how it is read, and the list of all settings.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/settings.hpp"

namespace tool {

/// The file of settings: FETTLE_ENV, else env in the folder DATA, else build/run/env beside build/fettle, else
/// /etc/fettle/fettle.env. The last two need not exist.
std::filesystem::path settings_file();

/// The NAME=value lines of a file, in order. Throws UserError if it cannot be read, or if a line is neither that nor a
/// comment.
std::vector<std::pair<std::string, std::string>> parse_settings_file(const std::filesystem::path& path);

/// Adds the settings of the file to the environment. A variable that is already set keeps its value.
void load_settings();

/// The settings of handlers, followed by those that only commands read.
std::vector<api::SettingLine> all_settings();

}  // namespace tool
