// One link to PostgreSQL: prepared statements, the transaction that is open, and libpqxx's errors as ours.
#pragma once
#include <memory>
#include <pqxx/pqxx>
#include <unordered_map>

#include "sql/database.hpp"

namespace api {

/// The cells are looked up once, in order: libpqxx's access by row and column copies shared pointers for each cell.
struct Rows::Held {
    explicit Held(const pqxx::result& given);

    pqxx::result result;
    std::size_t columns, bytes = 0;
    std::vector<std::pair<std::string_view, bool>> cells;  ///< text, and whether it is null
};

/// A link and what has been done on it. Every function throws as Database::query does.
class Connection {
public:
    /// Connects. Options are libpq's connection string.
    explicit Connection(const std::string& options);

    Rows query(const Statement& statement, const Parameters& parameters);
    /// Runs SQL without parameters, in the transaction that is open, else by itself.
    void run(const std::string& sql);
    /// Several statements at once. Throws std::runtime_error with PostgreSQL's words, or ConnectionLost.
    void script(const std::string& sql);

    void begin();
    /// Throws std::logic_error where anything failed since begin().
    void commit();
    void rollback() { transaction_.reset(); }
    bool in_transaction() const { return transaction_ != nullptr; }
    /// Whether the server has closed an idle connection.
    bool is_broken();

private:
    const std::string& name_of(const std::string& text);
    pqxx::result run(pqxx::transaction_base& within, const Statement& statement, const Parameters& parameters);
    /// Turns libpqxx's exceptions into ours.
    template <class Action>
    auto translated(Action action);

    pqxx::connection link_;
    struct Prepared {
        std::string name;
        std::uint64_t last_used;
    };
    std::unordered_map<std::string, Prepared> prepared_;  ///< by text
    std::uint64_t uses_ = 0;
    std::unique_ptr<pqxx::work> transaction_;
    bool is_poisoned_ = false;  ///< something failed in the transaction: a commit would be a silent rollback
};

/// A message of PostgreSQL on one line.
std::string one_line(const char* what);

}  // namespace api
