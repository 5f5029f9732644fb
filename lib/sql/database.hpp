// One connection to PostgreSQL: prepared statements, rows, and its errors as refusals. libpqxx is spoken to in
// connection.cpp alone.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// SQL with $1, $2 … and the name of each of these parameters.
struct Statement {
    std::string text;
    std::vector<std::string> names;
    bool has_custom_plan = false;  ///< planned for each request, with its values; else once for all values
};

/// Values of named parameters; std::nullopt is SQL null.
using Parameters = std::map<std::string, std::optional<std::string>, std::less<>>;

/// The rows of an answer, as text.
class Rows {
public:
    /// How many rows.
    std::size_t size() const;
    /// Throws std::out_of_range where there is no such cell.
    bool is_null(std::size_t row, std::size_t column) const;
    /// The cell's text, valid as long as the rows are.
    std::string_view operator()(std::size_t row, std::size_t column) const;
    /// The cell as a whole number. Throws std::logic_error where it is none, null included.
    std::int64_t integer(std::size_t row = 0, std::size_t column = 0) const;
    /// True for a boolean cell that is true; null is not.
    bool is_true(std::size_t row, std::size_t column) const;
    /// How long all cells are together.
    std::size_t bytes() const;

    struct Held;
    std::shared_ptr<const Held> held;
};

/// An error of the database that C++ code may have to handle; what() says why, on one line.
struct DatabaseError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// The connection was lost before or while a statement ran: whether a write took effect is not known.
struct ConnectionLost : DatabaseError {
    using DatabaseError::DatabaseError;
};
/// Serialization failure or deadlock: the statement did nothing and may be tried again.
struct Collision : DatabaseError {
    using DatabaseError::DatabaseError;
};
/// The database refused a value that our own checks let pass (SQLSTATE class 22).
struct BadValue : DatabaseError {
    using DatabaseError::DatabaseError;
};

/// What a connection has cost up to now.
struct Spent {
    std::uint64_t nanoseconds = 0;  ///< in calls of libpq, waiting for the server included
    std::uint64_t statements = 0;
    std::uint64_t connections_lost = 0;  ///< broken, or never made
};

class Connection;

/// A connection that opens at its first use. It belongs to one thread.
/// Errors: ConnectionLost, Collision, BadValue; api::Problem for what has an answer (a named constraint, a timeout);
/// std::runtime_error for faults of ours.
class Database {
public:
    /// The program's name shows in pg_stat_activity. A deployment (migrations) waits longer for locks and statements.
    explicit Database(std::string program, bool deploying = false);
    ~Database();

    /// Runs a statement, prepared once per connection. Outside of begin() and commit() it is a transaction by itself.
    Rows query(const Statement& statement, const Parameters& parameters);
    /// Several statements at once from a file of ours, without parameters. Errors are std::runtime_error with
    /// PostgreSQL's words.
    void script(const std::string& sql);
    /// Begins a transaction.
    void begin();
    /// Begins a transaction that only reads, and sees what was there at its first statement.
    void begin_snapshot();
    /// Throws std::logic_error where a statement failed since begin(), even if its exception was caught: PostgreSQL
    /// would roll back silently.
    void commit();
    /// Ends the open transaction without effect; does nothing where there is none.
    void rollback();

    /// Plans without running, which also asks whether this role may: PostgreSQL's words where it refuses, else nothing.
    /// Leaves nothing behind. Throws as query() does where it is not the statement's fault.
    std::string check(const Statement& statement);

    const Spent& spent() const { return spent_; }
    /// The program's name, with which its lines in the log begin.
    const std::string& program() const { return program_; }

private:
    Connection& connected();
    /// What an action takes goes into spent().
    template <class Action>
    auto timed(Action action);
    Spent spent_;
    std::string program_;
    bool deploying_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace api
