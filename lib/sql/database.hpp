// One connection to PostgreSQL: prepared statements, rows, and its errors as refusals. The only user of libpqxx.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// SQL with $1, $2 … and the name that each of them stands for.
struct Statement {
    std::string text;
    std::vector<std::string> names;
    bool planned_anew = false;  ///< each time, with its values; else once for all values
};

/// Values of named parameters; nothing is null.
using Parameters = std::map<std::string, std::optional<std::string>, std::less<>>;

/// The rows of an answer, as text.
class Rows {
public:
    std::size_t size() const;
    bool is_null(std::size_t row, std::size_t column) const;
    /// The cell's text, valid as long as the rows are.
    std::string_view operator()(std::size_t row, std::size_t column) const;
    /// How long all cells are together.
    std::size_t bytes() const;

    struct Held;
    std::shared_ptr<const Held> held;
};

/// The connection was lost before or while a statement ran: whether a write took effect is not known.
struct ConnectionLost {
    std::string why;
};
/// Serialization failure or deadlock: the statement did nothing and may be tried again.
struct Collision {
    std::string why;
};
/// The database refused a value that our own checks let pass (class 22).
struct BadValue {
    std::string why;
};

/// What a connection has cost up to now.
struct Spent {
    std::uint64_t nanoseconds = 0;  ///< in calls of libpq, waiting for the server included
    std::uint64_t statements = 0;
    std::uint64_t connections_lost = 0;  ///< broken, or never made
};

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
    void begin();
    /// Begins a transaction that only reads, and sees what was there at its first statement.
    void begin_snapshot();
    /// Throws where anything failed since begin(), whoever caught it: PostgreSQL answers COMMIT with a silent ROLLBACK.
    void commit();
    void rollback();

    /// Plans without running, which also asks whether this role may: PostgreSQL's words where it refuses, else nothing.
    /// Leaves nothing behind. Throws as query() does where it is not the statement's fault.
    std::string check(const Statement& statement);

    const Spent& spent() const { return spent_; }
    /// The program's name, with which its lines in the log begin.
    const std::string& program() const { return program_; }

private:
    struct Connection;
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
