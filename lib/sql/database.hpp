// One connection to PostgreSQL: prepared statements, rows, and errors. Only connection.cpp uses libpqxx.
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

/// SQL with the parameters $1, $2 … and the name of each parameter.
struct Statement {
    std::string text;
    std::vector<std::string> names;
    bool has_custom_plan = false;  ///< planned for each request with its values; else planned once for all values
};

/// Values of named parameters; std::nullopt is SQL null.
using Parameters = std::map<std::string, std::optional<std::string>, std::less<>>;

/// The rows of a result, as text.
class Rows {
public:
    /// The number of rows.
    std::size_t size() const;
    /// Whether the cell is null. Throws std::out_of_range if there is no such cell.
    bool is_null(std::size_t row, std::size_t column) const;
    /// The cell's text, valid as long as the rows are.
    std::string_view operator()(std::size_t row, std::size_t column) const;
    /// The cell as a whole number. Throws std::logic_error if it is not one, or is null.
    std::int64_t integer(std::size_t row = 0, std::size_t column = 0) const;
    /// Whether a boolean cell is true; false for null.
    bool is_true(std::size_t row, std::size_t column) const;
    /// The total length of all cells.
    std::size_t bytes() const;

    struct Held;
    std::shared_ptr<const Held> held;
};

/// An error of the database that C++ code may have to handle; what() is the reason, on one line.
struct DatabaseError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// The connection was lost before or while a statement ran. It is unknown whether a write took effect.
struct ConnectionLost : DatabaseError {
    using DatabaseError::DatabaseError;
};
/// Serialization failure or deadlock: the statement had no effect and can be repeated.
struct Collision : DatabaseError {
    using DatabaseError::DatabaseError;
};
/// The database rejected a value that had passed our own checks (SQLSTATE class 22).
struct BadValue : DatabaseError {
    using DatabaseError::DatabaseError;
};

/// Time and statements that a connection has used so far.
struct Spent {
    std::uint64_t nanoseconds = 0;  ///< in calls of libpq, including waiting for the server
    std::uint64_t statements = 0;
    std::uint64_t connections_lost = 0;  ///< connections that broke or could not be opened
};

class Connection;

/// A connection that opens at its first use. Only one thread may use it.
/// Errors: ConnectionLost, Collision, BadValue; api::Problem for errors that clients receive (a violated constraint, a
/// timeout); std::runtime_error for internal errors.
class Database {
public:
    /// The program's name appears in pg_stat_activity. A deployment (migrations) waits longer for locks and statements.
    explicit Database(std::string program, bool deploying = false);
    ~Database();

    /// Runs a statement, which is prepared once per connection. Outside of begin() and commit() it is a transaction of
    /// its own.
    Rows query(const Statement& statement, const Parameters& parameters);
    /// Runs several statements at once, without parameters, from a file of Fettle. Errors are std::runtime_error with
    /// PostgreSQL's message.
    void script(const std::string& sql);
    /// Begins a transaction.
    void begin();
    /// Begins a read-only transaction. All its statements see the state at the first statement.
    void begin_snapshot();
    /// Commits the transaction. Throws std::logic_error if a statement failed since begin(), even if its exception was
    /// caught, because PostgreSQL would roll back silently.
    void commit();
    /// Rolls back the open transaction; does nothing if there is none.
    void rollback();

    /// Plans a statement without running it, which also checks the privileges of this role. Returns PostgreSQL's
    /// message if it refuses the statement, else an empty text. Has no lasting effect. Throws like query() for errors
    /// that the statement did not cause.
    std::string check(const Statement& statement);

    const Spent& spent() const { return spent_; }
    /// The program's name, which begins each of its log lines.
    const std::string& program() const { return program_; }

private:
    Connection& connected();
    /// Runs an action and adds its duration to spent().
    template <class Action>
    auto timed(Action action);
    Spent spent_;
    std::string program_;
    bool deploying_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace api
