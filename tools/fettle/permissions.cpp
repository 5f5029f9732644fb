// Stores the permissions of this release, and reads the stored ones.
#include "permissions.hpp"

#include <filesystem>

#include "command_database.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"

namespace tool {

void store_permissions(api::Database& database) {
    const std::filesystem::path built = program_folder() / "permissions.sql";
    run_script(database, std::filesystem::exists(built) ? built : sql_folder() / "permissions.sql");
}

std::set<std::string> permission_lines(api::Database& database) {
    const api::Rows rows = database.query(api::numbered(R"(
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

}  // namespace tool
