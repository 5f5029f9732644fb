// The files of this release that commands read: where they are installed or built, and their contents.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace tool {

/// The folder of this program: bin/ of an installation, or the folder of a build.
std::filesystem::path program_folder();

/// The folder with tables/, functions/, online/, grants.sql and example.sql: FETTLE_SQL, else that of the installation
/// or the build to which this program belongs.
std::filesystem::path sql_folder();

/// The .sql files of a folder, sorted by name. Throws UserError if there are none.
std::vector<std::filesystem::path> list_scripts(const std::filesystem::path& folder);

/// The names of the handlers that were installed or built with this program, sorted. Throws UserError if there are
/// none.
std::vector<std::string> list_handlers();

/// The contents of a file. Throws UserError if it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace tool
