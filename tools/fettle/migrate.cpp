// fettle migrate: brings a database up to date.
#include <iostream>

#include "command.hpp"
#include "base/crypto.hpp"
#include "sql/statement.hpp"

namespace tool {

int migrate(const Arguments& arguments) {
    if (!arguments.empty() && arguments[0] != "keep-grants")
        throw Misuse("'" + arguments[0] + "' is not keep-grants");
    api::Database database("migrate", true);
    open(database);
    // one deployment at a time; the lock ends with the connection
    database.query(api::numbered("select pg_advisory_lock(5720)"), {});
    database.script(
        "create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz "
        "not null default now())");
    api::Rows known = database.query(api::numbered("select name from migrations order by name"), {});
    for (std::size_t i = 0; i < known.size(); ++i)
        if (!fs::exists(sql_folder() / "tables" / (std::string(known(i, 0)) + ".sql")))
            throw Complaint("the database has the migration " + std::string(known(i, 0)) + ", which is not in " +
                            sql_folder().string() + "; this release is older than the database");
    // all or nothing: where the last one fails, the release before still serves, and can be gone back to
    begin(database, "migrate");
    std::string news;
    for (const fs::path& path : scripts(sql_folder() / "tables")) {
        const std::string name = path.stem().string(), digest = api::crypto::sha256_hex(contents(path));
        api::Rows applied =
            database.query(api::numbered("select sha256 from migrations where name = :name"), {{"name", name}});
        if (applied.size() > 0) {
            if (applied(0, 0) != digest)
                throw Complaint("the migration " + name +
                                " was edited after it had been applied; write a new one instead");
            continue;
        }
        run_script(database, path);
        database.query(api::numbered("insert into migrations (name, sha256) values (:name, :digest)"),
                       {{"name", name}, {"digest", digest}});
        news += "applied " + name + '\n';
    }
    for (const fs::path& path : scripts(sql_folder() / "functions")) run_script(database, path);
    store_permissions(database);
    apply_grants(database, arguments.empty());
    database.commit();
    std::cout << news << "functions, permissions and grants are up to date\n";
    return 0;
}

}  // namespace tool
