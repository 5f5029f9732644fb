// fettle roles: restores the built-in roles and the permissions of this release, and prints what changed.
#include <iostream>

#include "command_database.hpp"
#include "commands.hpp"
#include "permissions.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

int roles(const Arguments&) {
    api::Database database("roles", true);
    connect(database);
    begin_audited(database, "roles");
    // no other session can change a role now, so the output below shows what this command changed
    database.script("lock table roles, permissions, role_permissions in share row exclusive mode");
    const std::set<std::string> before = permission_lines(database);
    database.script(
        "update roles set built_in = true where not built_in and name in ('employee', 'manager', 'administrator')");
    store_permissions(database);
    database.script(
        "insert into role_permissions (role_id, code) "
        "select r.id, p.code from roles r cross join permissions p where r.name = 'administrator' "
        "on conflict do nothing");
    const std::set<std::string> after = permission_lines(database);
    const api::Rows counts = database.query(
        api::numbered("select name, (select count(*) from role_permissions where role_id = id) from roles order by id"),
        {});
    database.commit();
    for (const std::string& line : before)
        if (!after.contains(line)) std::cout << "removed: " << line << '\n';
    for (const std::string& line : after)
        if (!before.contains(line)) std::cout << "added: " << line << '\n';
    for (std::size_t i = 0; i < counts.size(); ++i)
        std::cout << counts(i, 0) << ": " << with_noun(counts.integer(i, 1), "permission") << '\n';
    std::cout << (before == after ? "nothing changed\n" : "roles and permissions are now those of this release\n");
    return 0;
}

}  // namespace tool
