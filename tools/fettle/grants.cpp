// Reads the privileges that sql/grants.sql lists and those in the database, and grants or revokes the difference.
#include "grants.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "errors.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// A privilege: what a role may do with a column of a relation, or with `function NAME`. An empty column means all.
using Privilege = std::array<std::string, 4>;
using Privileges = std::set<Privilege>;
/// Stands before the name of a function that is stored as the relation of a privilege.
constexpr std::string_view function_prefix = "function ";
/// The elements of a privilege. The action is `select`, `insert`, `update`, `delete` or `execute`.
enum Element { role, relation, action, column };

/// The privileges of this release: those in sql/grants.sql.
Privileges release_privileges() {
    static const std::regex grant(R"(grant (\w+)(?: \(([^)]+)\))? on ((?:function )?\w+) to (\w+);)");
    const std::filesystem::path path = sql_folder() / "grants.sql";
    std::istringstream file(read_file(path));
    Privileges all;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with("--")) continue;
        std::smatch part;
        if (!std::regex_match(line, part, grant))
            throw UserError(path.string() + " has a line that is not a grant: " + line);
        std::string columns = part[2];
        std::erase_if(columns, [](char c) { return c == '"' || c == ' '; });
        std::istringstream names(columns);
        std::string name;
        do {
            std::getline(names, name, ',');
            all.insert({part[4], part[3], part[1], name});
        } while (names && !names.eof());
    }
    return all;
}

/// The privileges that PUBLIC and the roles of handlers have in the database, including handlers that were removed. By
/// default PostgreSQL lets PUBLIC execute each function; this counts only for functions that the release grants to a
/// role.
Privileges stored_privileges(api::Database& database, const Privileges& release) {
    std::set<std::string> granted;
    for (const Privilege& privilege : release) granted.insert(privilege[relation]);
    api::Rows rows = database.query(api::numbered(R"(
        select coalesce(r.rolname, 'public'), item.relation, lower(item.privilege_type), item.attname
          from (select c.relname as relation, '' as attname, a.*
                  from pg_class c cross join lateral aclexplode(c.relacl) a
                 where c.relnamespace = 'public'::regnamespace
                union all
                select c.relname, t.attname, a.*
                  from pg_class c join pg_attribute t on t.attrelid = c.oid cross join lateral aclexplode(t.attacl) a
                 where c.relnamespace = 'public'::regnamespace
                union all
                select 'function ' || p.proname, '', a.*
                  from pg_proc p
                 cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                 where p.pronamespace = 'public'::regnamespace) item
          left join pg_roles r on r.oid = item.grantee
         where item.grantee = 0 or r.rolname like 'fettle\_%')"),
                                    {});
    Privileges all;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Privilege privilege{std::string(rows(i, role)), std::string(rows(i, relation)), std::string(rows(i, action)),
                            std::string(rows(i, column))};
        const bool is_default = privilege[role] == "public" && privilege[relation].starts_with(function_prefix) &&
                                !granted.contains(privilege[relation]);
        if (!is_default) all.insert(std::move(privilege));
    }
    return all;
}

/// The privileges of the first set that the second does not have.
Privileges difference(const Privileges& privileges, const Privileges& others) {
    Privileges rest;
    std::ranges::set_difference(privileges, others, std::inserter(rest, rest.end()));
    return rest;
}

std::set<std::string> roles_of(const Privileges& privileges) {
    std::set<std::string> names;
    for (const Privilege& privilege : privileges) names.insert(privilege[role]);
    return names;
}

std::string quote_identifier(const std::string& name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
    return text + '"';
}

/// The statements that grant (`grant`, `to`) or revoke (`revoke`, `from`) the privileges. The columns of one relation
/// and action are in one statement.
std::string statements_for(const Privileges& privileges, const std::string& verb, const std::string& preposition) {
    // a privilege for all columns and one for some of them are two statements; the fourth element distinguishes them
    std::map<std::array<std::string, 4>, std::vector<std::string>> statements;
    for (const Privilege& privilege : privileges) {
        const bool is_for_column = !privilege[column].empty();
        std::vector<std::string>& columns =
            statements[{privilege[role], privilege[relation], privilege[action], is_for_column ? "columns" : ""}];
        if (is_for_column) columns.push_back(quote_identifier(privilege[column]));
    }
    std::string script;
    for (const auto& [target, columns] : statements) {
        const bool is_function = target[relation].starts_with(function_prefix);
        script += verb + ' ' + target[action] + (columns.empty() ? "" : " (" + join(columns) + ')') + " on " +
                  (is_function ? target[relation] : quote_identifier(target[relation])) + ' ' + preposition + ' ' +
                  (target[role] == "public" ? target[role] : quote_identifier(target[role])) + ";\n";
    }
    return script;
}

/// Those of the roles that the database does not have.
std::set<std::string> missing_roles(api::Database& database, const std::set<std::string>& names) {
    std::set<std::string> missing;
    for (const std::string& name : names)
        if (database.query(api::numbered("select from pg_roles where rolname = :name"), {{"name", name}}).size() == 0)
            missing.insert(name);
    return missing;
}

/// The privileges of roles that are not missing.
Privileges grantable(Privileges privileges, const std::set<std::string>& missing) {
    std::erase_if(privileges, [&](const Privilege& privilege) { return missing.contains(privilege[role]); });
    return privileges;
}

}  // namespace

void apply_grants(api::Database& database, bool revokes) {
    const Privileges release = release_privileges();
    const std::set<std::string> handler_roles = roles_of(release), missing = missing_roles(database, handler_roles);
    const Privileges wanted = grantable(release, missing);
    std::set<std::string> other_roles = roles_of(stored_privileges(database, release));
    std::erase_if(other_roles, [&](const std::string& name) { return handler_roles.contains(name); });
    // twice: a privilege that is revoked from a whole relation is revoked from its columns as well
    for (int round = 0; round < 2; ++round) {
        const Privileges stored = stored_privileges(database, release);
        const std::string script = (revokes ? statements_for(difference(stored, wanted), "revoke", "from") : "") +
                                   statements_for(difference(wanted, stored), "grant", "to");
        if (!script.empty()) database.script(script);
    }
    if (revokes && !other_roles.empty())
        std::cout << "revoked all privileges of roles that belong to no handler: " << join(other_roles) << '\n';
    if (!missing.empty())
        std::cout << "skipped the grants of roles that do not exist; their handlers cannot use the database until you "
                     "run database_roles.sql as a superuser of PostgreSQL, and `fettle migrate` again: "
                  << join(missing) << '\n';
}

std::string check_grants(api::Database& database, const std::vector<std::string>& handlers) {
    const Privileges release = release_privileges();
    std::set<std::string> roles = roles_of(release);
    for (const std::string& handler : handlers) roles.insert("fettle_" + handler);
    const std::set<std::string> missing = missing_roles(database, roles);
    if (!missing.empty())
        return "run database_roles.sql as a superuser of PostgreSQL, then `fettle migrate`; there is no role " +
               join(missing);
    const Privileges stored = stored_privileges(database, release);
    const Privileges lacking = difference(release, stored), excess = difference(stored, release);
    if (lacking.empty() && excess.empty()) return "";
    std::vector<std::string> counts;
    if (!lacking.empty()) counts.push_back(with_noun(static_cast<long long>(lacking.size()), "privilege") + " too few");
    if (!excess.empty()) counts.push_back(with_noun(static_cast<long long>(excess.size()), "privilege") + " too many");
    std::set<std::string> wrong_roles = roles_of(lacking);
    wrong_roles.merge(roles_of(excess));
    return join(counts, " and ") + "; run `fettle migrate`: " + join(wrong_roles);
}

}  // namespace tool
