// fettle migrate: applies new migrations, functions, permissions and grants to the database.
#include <chrono>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/crypto.hpp"
#include "command_database.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "grants.hpp"
#include "indexes.hpp"
#include "permissions.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// Waits until no other migration runs. The lock is released when the connection closes. No other lock uses this
/// number. It is tried again and again: a statement that waits for it would have a snapshot, and `create index
/// concurrently` in the other migration waits until all older snapshots are gone.
void lock_migrations(api::Database& database) {
    while (!database.query(api::numbered("select pg_try_advisory_lock(5720)"), {}).is_true(0, 0))
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

/// Throws UserError if the database has a migration that this release does not have.
void check_release(api::Database& database) {
    const api::Rows applied = database.query(api::numbered("select name from migrations order by name"), {});
    for (std::size_t i = 0; i < applied.size(); ++i) {
        const std::string name(applied(i, 0));
        if (!std::filesystem::exists(sql_folder() / "tables" / (name + ".sql")))
            throw UserError("the database has the migration " + name + ", which is not in " + sql_folder().string() +
                            "; this release is older than the database: install the newer one");
    }
}

/// Runs the migrations that were not applied yet. Returns a line for each. Throws UserError if one was edited after it
/// had been applied.
std::string apply_migrations(api::Database& database) {
    std::string lines;
    for (const std::filesystem::path& path : list_scripts(sql_folder() / "tables")) {
        const std::string name = path.stem().string(), digest = api::crypto::sha256_hex(read_file(path));
        const api::Rows applied =
            database.query(api::numbered("select sha256 from migrations where name = :name"), {{"name", name}});
        if (applied.size() > 0) {
            if (applied(0, 0) != digest)
                throw UserError("the migration " + name +
                                " was edited after it had been applied; restore the file, and write a new migration");
            continue;
        }
        run_script(database, path);
        database.query(api::numbered("insert into migrations (name, sha256) values (:name, :digest)"),
                       {{"name", name}, {"digest", digest}});
        lines += "applied " + name + '\n';
    }
    return lines;
}

/// The statements of a script; each ends with a semicolon at the end of a line.
std::vector<std::string> statements_of(const std::filesystem::path& path) {
    std::istringstream script(read_file(path));
    std::vector<std::string> statements;
    std::string line, statement;
    while (std::getline(script, line)) {
        if (line.empty() || line.starts_with("--")) continue;
        statement += line + '\n';
        if (!line.ends_with(';')) continue;
        statements.push_back(std::move(statement));
        statement.clear();
    }
    if (!statement.empty()) throw UserError(path.string() + ": the last statement has no semicolon");
    return statements;
}

/// Runs one step. Throws UserError if it fails; `origin` is where the step comes from.
void run_online_step(api::Database& database, const std::string& statement, const std::string& origin) {
    try {
        database.script(statement);
    } catch (const api::ConnectionLost&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw UserError(origin + " is not complete; the migrations before it are applied. Correct the cause, and run " +
                        "`fettle migrate` again: " + error.what());
    }
}

/// Runs the steps that would make requests wait if they were part of the migration's transaction. Each is a transaction
/// of its own and can be repeated, so an interrupted migration is completed by the next one.
void run_online_steps(api::Database& database) {
    // `concurrently` waits for older snapshots, for example that of a backup, and no request waits for it
    database.script("set lock_timeout = 0");
    for (const auto& [name, drop] : invalid_indexes(database))
        run_online_step(database, drop, "the removal of the invalid index " + name);
    for (const std::filesystem::path& path : list_scripts(sql_folder() / "online"))
        for (const std::string& statement : statements_of(path)) run_online_step(database, statement, path.string());
}

}  // namespace

int migrate(const Arguments& arguments) {
    if (!arguments.empty() && arguments[0] != "keep-grants")
        throw UsageError("unknown argument " + arguments[0] + "; only keep-grants is possible");
    const bool revokes_grants = arguments.empty();
    api::Database database("migrate", true);
    connect(database);
    lock_migrations(database);
    database.script(
        "create table if not exists migrations (name text primary key, sha256 text not null, applied_at timestamptz "
        "not null default now())");
    check_release(database);
    // one transaction: if any part fails, the previous release still serves, and can be installed again
    begin_audited(database, "migrate");
    const std::string applied = apply_migrations(database);
    for (const std::filesystem::path& path : list_scripts(sql_folder() / "functions")) run_script(database, path);
    store_permissions(database);
    apply_grants(database, revokes_grants);
    database.commit();
    std::cout << applied << "functions, permissions and grants are up to date\n" << std::flush;
    run_online_steps(database);
    std::cout << "indexes are up to date\n";
    return 0;
}

}  // namespace tool
