// Finds and reads the files of this release.
#include "release_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "errors.hpp"

namespace tool {

namespace fs = std::filesystem;

fs::path program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

fs::path sql_folder() {
    if (const char* named = std::getenv("FETTLE_SQL")) return named;
    const fs::path above = program_folder().parent_path(), installed = above / "share" / "fettle" / "sql";
    return fs::exists(installed) ? installed : above / "sql";
}

std::vector<fs::path> list_scripts(const fs::path& folder) {
    std::error_code error;  // a folder that cannot be read counts as empty, which is an error below
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.path().extension() == ".sql") paths.push_back(entry.path());
    std::ranges::sort(paths);
    if (paths.empty())
        throw UserError("there are no .sql files in " + folder.string() +
                        "; install Fettle again, or correct FETTLE_SQL");
    return paths;
}

std::vector<std::string> list_handlers() {
    fs::path folder = program_folder().parent_path() / "lib" / "fettle" / "handlers";
    if (!fs::exists(folder)) folder = program_folder() / "handlers";
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        if (!entry.path().filename().string().starts_with('.')) names.push_back(entry.path().filename().string());
    if (names.empty()) throw UserError("there is no handler in " + folder.string());
    std::ranges::sort(names);
    return names;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw UserError("cannot read " + path.string());
    return text.str();
}

}  // namespace tool
