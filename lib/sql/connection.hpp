// One link to PostgreSQL: its prepared statements and open transaction. Translates libpqxx's exceptions into ours.
#pragma once
#include <memory>
#include <pqxx/pqxx>
#include <unordered_map>

#include "sql/database.hpp"

namespace api {

/// The cells are read once, in order, because libpqxx's access by row and column copies shared pointers for each cell.
struct Rows::Held {
    explicit Held(const pqxx::result& given);

    pqxx::result result;
    std::size_t columns, bytes = 0;
    std::vector<std::pair<std::string_view, bool>> cells;  ///< the text, and whether the cell is null
};

/// A link with its state. Every function throws like Database::query().
class Connection {
public:
    /// Connects. `options` is a connection string of libpq.
    explicit Connection(const std::string& options);

    Rows query(const Statement& statement, const Parameters& parameters);
    /// Runs SQL without parameters, in the open transaction if there is one.
    void run(const std::string& sql);
    /// Runs several statements at once. Throws std::runtime_error with PostgreSQL's message, or ConnectionLost.
    void script(const std::string& sql);

    void begin();
    /// Throws std::logic_error if anything failed since begin().
    void commit();
    void rollback() { transaction_.reset(); }
    bool in_transaction() const { return transaction_ != nullptr; }
    /// Whether the server has closed an idle connection.
    bool is_broken();

private:
    const std::string& name_of(const std::string& text);
    /// The open transaction, or one in which each statement commits itself.
    pqxx::transaction_base& within();
    /// The statement with quoted values instead of its parameters.
    std::string with_literals(std::string_view text, const std::vector<const char*>& values);
    pqxx::result run(pqxx::transaction_base& within, const Statement& statement, const Parameters& parameters);
    /// Translates libpqxx's exceptions into ours.
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
    /// For statements outside of a transaction. It is kept, because its end reads the socket once more.
    std::unique_ptr<pqxx::nontransaction> autocommit_;
    bool is_poisoned_ = false;  ///< a statement of the transaction failed: a commit would be a silent rollback
};

/// A message of PostgreSQL as one line.
std::string one_line(const char* what);

}  // namespace api
