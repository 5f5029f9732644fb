// What each handler's role may do in the database: what sql/grants.sql says, and what is so.
#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>

#include "command.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// A privilege: role, relation, what may be done, column; all columns where that is empty.
using Privilege = std::array<std::string, 4>;
using Privileges = std::set<Privilege>;
enum Part { role, relation, kind, column };

/// Those of this release.
Privileges wanted_privileges() {
    static const std::regex form(R"(grant (\w+)(?: \(([^)]+)\))? on (\w+) to (\w+);)");
    const fs::path path = sql_folder() / "grants.sql";
    std::istringstream file(contents(path));
    Privileges all;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with("--")) continue;
        std::smatch part;
        if (!std::regex_match(line, part, form))
            throw Complaint(path.string() + " has a line that is no grant: " + line);
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

/// Those that everybody and the roles of handlers, also of handlers that are gone, have in the database.
Privileges stored_privileges(api::Database& database) {
    api::Rows rows = database.query(api::numbered(R"(
        select coalesce(r.rolname, 'public'), given.relation, lower(given.privilege_type), given.attname
          from (select c.relname as relation, '' as attname, a.*
                  from pg_class c cross join lateral aclexplode(c.relacl) a
                 where c.relnamespace = 'public'::regnamespace
                union all
                select c.relname, t.attname, a.*
                  from pg_class c join pg_attribute t on t.attrelid = c.oid cross join lateral aclexplode(t.attacl) a
                 where c.relnamespace = 'public'::regnamespace) given
          left join pg_roles r on r.oid = given.grantee
         where given.grantee = 0 or r.rolname like 'fettle\_%')"),
                                    {});
    Privileges all;
    for (std::size_t i = 0; i < rows.size(); ++i)
        all.insert({std::string(rows(i, role)), std::string(rows(i, relation)), std::string(rows(i, kind)),
                    std::string(rows(i, column))});
    return all;
}

/// What the first has and the second has not.
Privileges without(const Privileges& all, const Privileges& others) {
    Privileges rest;
    std::set_difference(all.begin(), all.end(), others.begin(), others.end(), std::inserter(rest, rest.end()));
    return rest;
}

std::set<std::string> names_of(const Privileges& privileges) {
    std::set<std::string> names;
    for (const Privilege& one : privileges) names.insert(one[role]);
    return names;
}

std::string quoted(const std::string& name) {
    std::string text = "\"";
    for (char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
    return text + '"';
}

/// The statements that grant or revoke them, one for the columns of a relation.
std::string statements_of(const Privileges& privileges, const std::string& verb, const std::string& preposition) {
    std::map<std::array<std::string, 4>, std::string> columns;  // the last: whether it is about columns
    for (const Privilege& one : privileges) {
        std::string& list = columns[{one[role], one[relation], one[kind], one[column].empty() ? "" : "columns"}];
        if (!one[column].empty()) list += (list.empty() ? "" : ", ") + quoted(one[column]);
    }
    std::string all;
    for (const auto& [of, list] : columns)
        all += verb + ' ' + of[kind] + (list.empty() ? "" : " (" + list + ')') + " on " + quoted(of[relation]) + ' ' +
               preposition + ' ' + (of[role] == "public" ? of[role] : quoted(of[role])) + ";\n";
    return all;
}

/// Of these roles, those that the database does not have.
std::set<std::string> missing_roles(api::Database& database, const std::set<std::string>& names) {
    std::set<std::string> missing;
    for (const std::string& name : names)
        if (database.query(api::numbered("select from pg_roles where rolname = :name"), {{"name", name}}).size() == 0)
            missing.insert(name);
    return missing;
}

/// Without those of roles that are missing.
Privileges grantable(const Privileges& wanted, const std::set<std::string>& missing) {
    Privileges all = wanted;
    std::erase_if(all, [&](const Privilege& one) { return missing.contains(one[role]); });
    return all;
}

}  // namespace

void apply_grants(api::Database& database, bool revokes) {
    const Privileges release = wanted_privileges();
    const std::set<std::string> missing = missing_roles(database, names_of(release));
    const Privileges wanted = grantable(release, missing);
    const std::set<std::string> handlers = names_of(release);
    std::set<std::string> gone = names_of(stored_privileges(database));
    std::erase_if(gone, [&](const std::string& name) { return handlers.contains(name); });
    // twice: what is revoked from a whole relation goes from its columns as well
    for (int round = 0; round < 2; ++round) {
        const Privileges stored = stored_privileges(database);
        const std::string changes = (revokes ? statements_of(without(stored, wanted), "revoke", "from") : "") +
                                    statements_of(without(wanted, stored), "grant", "to");
        if (!changes.empty()) database.script(changes);
    }
    if (revokes && !gone.empty()) std::cout << "revoked everything from what is no role of a handler: " << joined(gone) << '\n';
    if (!missing.empty())
        std::cout << "skipped the grants of roles that do not exist, whose handlers have no database until a superuser "
                     "of PostgreSQL has run database_roles.sql: "
                  << joined(missing) << '\n';
}

std::string wrong_with_grants(api::Database& database, const std::vector<std::string>& handlers) {
    const Privileges release = wanted_privileges();
    std::set<std::string> names = names_of(release);
    for (const std::string& handler : handlers) names.insert("fettle_" + handler);
    const std::set<std::string> missing = missing_roles(database, names);
    if (!missing.empty())
        return "a superuser of PostgreSQL must run database_roles.sql, then run `fettle migrate`; there is no role " +
               joined(missing);
    const Privileges stored = stored_privileges(database);
    const Privileges few = without(release, stored), many = without(stored, release);
    if (few.empty() && many.empty()) return "";
    std::string words;
    if (!few.empty()) words += counted(static_cast<long long>(few.size()), "privilege") + " too few";
    if (!many.empty())
        words +=
            (words.empty() ? "" : " and ") + counted(static_cast<long long>(many.size()), "privilege") + " too many";
    std::set<std::string> roles = names_of(few);
    roles.merge(names_of(many));
    return words + ", run `fettle migrate`: " + joined(roles);
}

}  // namespace tool
