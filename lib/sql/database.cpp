// Opens the connection when it is first needed, and measures the time spent on it.
#include "sql/database.hpp"

#include <charconv>
#include <chrono>

#include "base/problem.hpp"
#include "sql/connection.hpp"

namespace api {

std::size_t Rows::size() const { return held ? static_cast<std::size_t>(held->result.size()) : 0; }
bool Rows::is_null(std::size_t row, std::size_t column) const {
    return held->cells.at(row * held->columns + column).second;
}
std::string_view Rows::operator()(std::size_t row, std::size_t column) const {
    return held->cells.at(row * held->columns + column).first;
}
std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
    const std::string_view text = (*this)(row, column);
    std::int64_t number = 0;
    if (const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        error != std::errc() || end != text.data() + text.size())
        throw std::logic_error("'" + std::string(text) + "' is not a whole number");
    return number;
}
bool Rows::is_true(std::size_t row, std::size_t column) const { return (*this)(row, column) == "t"; }
std::size_t Rows::bytes() const { return held ? held->bytes : 0; }

Database::Database(std::string program, bool deploying) : program_(std::move(program)), deploying_(deploying) {}
Database::~Database() = default;

Connection& Database::connected() {
    // notices here that the server has closed an idle connection, so that no request is lost on it
    if (connection_ && !connection_->in_transaction() && connection_->is_broken()) {
        connection_.reset();
        ++spent_.connections_lost;
    }
    if (!connection_) {
        // Sequential scans and merge joins are disabled: a plan may be made while the tables are nearly empty or only
        // the first users have sessions, and is still used when the tables have grown. Pages that are read often are in
        // memory, so random access costs the same as sequential access. constraint_exclusion leaves out a branch
        // of a list that contradicts a filter, such as that of work orders for equipment__isnull=true. The timeouts are
        // ordered, lock < statement < nginx's fastcgi_read_timeout, so that each level gives up before the level that
        // waits for it.
        const std::string timeouts =
            deploying_ ? "-c statement_timeout=0 -c lock_timeout=10s"
                       : "-c statement_timeout=5s -c lock_timeout=2s "
                         "-c idle_in_transaction_session_timeout=10s -c client_connection_check_interval=2s";
        connection_ = std::make_unique<Connection>(
            "application_name=fettle_" + program_ +
            " connect_timeout=2 gssencmode=disable client_encoding=UTF8 options='" + timeouts +
            " -c timezone=UTC -c datestyle=ISO -c plan_cache_mode=force_generic_plan -c jit=off -c "
            "enable_seqscan=off -c constraint_exclusion=on -c enable_mergejoin=off -c random_page_cost=1.1 -c search_path=public'");
    }
    return *connection_;
}

template <class Action>
auto Database::timed(Action action) {
    struct Watch {
        Spent& spent;
        std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
        ~Watch() {
            const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
            spent.nanoseconds += static_cast<std::uint64_t>(took.count());
        }
    } watch{spent_};
    try {
        return action();
    } catch (const ConnectionLost&) {
        ++spent_.connections_lost;
        throw;
    }
}

Rows Database::query(const Statement& statement, const Parameters& parameters) {
    return timed([&] {
        ++spent_.statements;
        Connection& connection = connected();
        try {
            return connection.query(statement, parameters);
        } catch (const ConnectionLost&) {
            connection_.reset();
            throw;
        }
    });
}

void Database::begin_snapshot() {
    begin();
    timed([&] {
        ++spent_.statements;
        connected().run("set transaction isolation level repeatable read, read only");
    });
}

void Database::script(const std::string& sql) {
    timed([&] {
        ++spent_.statements;
        connected().script(sql);
    });
}

void Database::begin() {
    timed([&] { connected().begin(); });
}

void Database::commit() {
    if (!connection_) throw std::logic_error("commit without begin");
    timed([&] {
        try {
            connection_->commit();
        } catch (const ConnectionLost&) {
            connection_.reset();
            throw;
        }
    });
}

void Database::rollback() {
    if (connection_ && connection_->in_transaction()) timed([&] { connection_->rollback(); });
}

std::string Database::check(const Statement& statement) {
    std::string values;
    for (std::size_t i = 0; i < statement.names.size(); ++i) values += i == 0 ? "(null" : ", null";
    if (!values.empty()) values += ')';
    Connection& connection = connected();
    bool is_prepared = false;
    const auto forget = [&] {
        if (is_prepared) connection.run("deallocate fettle_check");
    };
    std::string fault;
    try {
        // PREPARE determines the types of the parameters and checks no privileges; EXPLAIN checks the privileges as an
        // execution would, but executes nothing
        connection.run("prepare fettle_check as " + statement.text);
        is_prepared = true;
        connection.run("explain execute fettle_check" + values);
    } catch (const ConnectionLost&) {
        throw;
    } catch (const Collision&) {
        throw;
    } catch (const Problem&) {
        forget();
        throw;
    } catch (const std::exception& refused) {
        fault = one_line(refused.what());
    }
    forget();
    // cuts the position in the statement, because the statement is not shown
    return fault.substr(0, fault.find(" LINE "));
}

}  // namespace api
