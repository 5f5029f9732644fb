// libpqxx 6.4 (Debian 12) and 7.10 (Debian 13): what differs between them is in Connection::run.
#include "sql/database.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <pqxx/pqxx>
#include <unordered_map>

#include "base/problem.hpp"

namespace api {

/// The cells are looked up once, in order: libpqxx's access by row and column copies shared pointers for each cell.
struct Rows::Held {
    explicit Held(pqxx::result given) : result(std::move(given)), columns(static_cast<std::size_t>(result.columns())) {
        cells.reserve(static_cast<std::size_t>(result.size()) * columns);
        for (const auto& row : result)
            for (auto field = row.begin(); field != row.end(); ++field) {
                cells.emplace_back(
                    field->is_null() ? std::string_view() : std::string_view(field->c_str(), field->size()),
                    field->is_null());
                bytes += cells.back().first.size();
            }
    }
    pqxx::result result;
    std::size_t columns, bytes = 0;
    std::vector<std::pair<std::string_view, bool>> cells;  // text, and whether it is null
};

std::size_t Rows::size() const { return held ? static_cast<std::size_t>(held->result.size()) : 0; }
bool Rows::is_null(std::size_t row, std::size_t column) const {
    return held->cells.at(row * held->columns + column).second;
}
std::string_view Rows::operator()(std::size_t row, std::size_t column) const {
    return held->cells.at(row * held->columns + column).first;
}

std::size_t Rows::bytes() const { return held ? held->bytes : 0; }

struct Database::Connection {
    explicit Connection(const std::string& options) : link(options) {}

    pqxx::connection link;
    struct Prepared {
        std::string name;
        std::uint64_t last_used;
    };
    std::unordered_map<std::string, Prepared> prepared;  // by text
    std::uint64_t uses = 0;
    std::unique_ptr<pqxx::work> transaction;
    bool poisoned = false;

    /// A plan costs the server up to 400 KiB, and a list has one for each way to filter and order it: the one that was
    /// not used for longest makes room.
    static constexpr std::size_t most_prepared = 40;

    const std::string& name_of(const std::string& text) {
        auto found = prepared.find(text);
        if (found == prepared.end()) {
            if (prepared.size() >= most_prepared) {
                auto oldest = std::min_element(prepared.begin(), prepared.end(), [](const auto& a, const auto& b) {
                    return a.second.last_used < b.second.last_used;
                });
                link.unprepare(oldest->second.name);
                prepared.erase(oldest);
            }
            std::string name = "s" + std::to_string(uses);
            link.prepare(name, text);  // 7.10 asks the server at once: what it refuses is not remembered
            found = prepared.emplace(text, Prepared{std::move(name), 0}).first;
        }
        found->second.last_used = ++uses;
        return found->second.name;
    }

    pqxx::result run(pqxx::transaction_base& tx, const Statement& statement, const Parameters& parameters) {
        std::vector<const char*> values;
        for (const std::string& name : statement.names) {
            auto found = parameters.find(name);
            if (found == parameters.end()) throw std::logic_error("no value for the parameter " + name);
            values.push_back(found->second ? found->second->c_str() : nullptr);
        }
        const std::string& name = name_of(statement.text);
#if PQXX_VERSION_MAJOR >= 7
        pqxx::params given;
        for (const char* value : values) given.append(value);
        return tx.exec(pqxx::prepped{name}, given);
#else
        auto given = pqxx::prepare::make_dynamic_params(values);
        return tx.exec_prepared(name, given);
#endif
    }

    Rows query(const Statement& statement, const Parameters& parameters) {
        if (statement.planned_anew) {
            // a plan for all values cannot know whether a text is in every row or in none
            auto own = transaction ? nullptr : std::make_unique<pqxx::work>(link);
            pqxx::work& within = own ? *own : *transaction;
            within.exec("set local plan_cache_mode = force_custom_plan");
            Rows rows{std::make_shared<Rows::Held>(run(within, statement, parameters))};
            if (own) own->commit();
            return rows;
        }
        if (transaction) return Rows{std::make_shared<Rows::Held>(run(*transaction, statement, parameters))};
        pqxx::nontransaction autocommit(link);
        return Rows{std::make_shared<Rows::Held>(run(autocommit, statement, parameters))};
    }
};

namespace {

/// What went wrong, in the words of a log: one line.
std::string one_line(const char* what) {
    std::string line = what;
    for (char& c : line)
        if (c == '\n') c = ' ';
    return line;
}

/// The constraint's name stands in the message only; lc_messages is C, so that its words are known.
std::string constraint_in(const std::string& message) {
    std::size_t start = message.find("constraint \"");
    if (start == message.npos) return {};
    start += 12;
    return message.substr(start, message.find('"', start) - start);
}

bool ends_with(const std::string& text, std::string_view end) {
    return text.size() > end.size() && text.ends_with(end);
}

/// `email_taken` is 409 on email, `no_such_user` is 400 on user; any other constraint is a state that conflicts.
Problem broken_constraint(const std::string& message) {
    const std::string constraint = constraint_in(message);
    if (ends_with(constraint, "_taken")) {
        std::string field = constraint.substr(0, constraint.size() - 6);
        Problem problem(refusals::taken, field);
        problem.code = constraint;
        problem.errors = {{field, {"This value is taken."}}};
        return problem;
    }
    if (constraint.starts_with("no_such_")) {
        // from the other side of the foreign key
        if (message.find("update or delete on table") != message.npos) return Problem(refusals::in_use);
        return invalid({{constraint.substr(8), {"There is no such object."}}});
    }
    return {409, constraint.empty() ? "conflict" : constraint, "The change conflicts with what is stored."};
}

/// Runs an action on a connection and turns libpqxx's exceptions into ours. The order of the clauses matters: 6.4 and
/// 7.10 derive them differently.
template <class Connection, class Action>
auto guarded(Connection& c, Action action) {
    try {
        return action();
    } catch (const pqxx::in_doubt_error& e) {
        c.poisoned = true;
        throw ConnectionLost{one_line(e.what())};
    } catch (const pqxx::broken_connection& e) {
        c.poisoned = true;
        throw ConnectionLost{one_line(e.what())};
    } catch (const pqxx::transaction_rollback& e) {
        c.poisoned = true;
        throw Collision{one_line(e.what())};
    } catch (const pqxx::insufficient_privilege& e) {
        c.poisoned = true;  // 6.4 knows no SQLSTATE of this one
        throw std::runtime_error("database: 42501 " + one_line(e.what()));
    } catch (const pqxx::sql_error& e) {
        c.poisoned = true;
        const std::string state = e.sqlstate();
        if (state.starts_with("23")) throw broken_constraint(e.what());
        if (state.starts_with("22")) throw BadValue{one_line(e.what())};
        if (state == "57014" || state == "55P03") throw unavailable("The database is busy. Try again.", 1);
        if (state.starts_with("53")) throw unavailable("The database has no room. Try again later.", 10);
        // a server that dies in the middle of an answer has no SQLSTATE to give
        if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state == "25006")
            throw ConnectionLost{one_line(e.what())};
        throw std::runtime_error("database: " + state + " " + one_line(e.what()));
    } catch (const std::exception& e) {
        c.poisoned = true;
        if (!c.link.is_open()) throw ConnectionLost{one_line(e.what())};
        throw;
    }
}

}  // namespace

Database::Database(std::string program, bool deploying) : program_(std::move(program)), deploying_(deploying) {}
Database::~Database() = default;

Database::Connection& Database::connected() {
    if (connection_ && !connection_->transaction) {
        // bytes from an idle server are its farewell: noticing it now is better than losing the request on it
        pollfd idle{connection_->link.sock(), POLLIN, 0};
        if (!connection_->link.is_open() || poll(&idle, 1, 0) != 0) {
            connection_.reset();
            ++spent_.connections_lost;
        }
    }
    if (!connection_) {
        // No sequential scans and no merge joins: a plan is made once, perhaps when the tables are nearly empty or only
        // the first users have sessions, and is used when it is not so any more. What is read often is in memory: a
        // page out of order costs what the next one costs. lock < statement < nginx's fastcgi_read_timeout; every unit
        // is given up before its caller gives up
        std::string timeouts =
            deploying_ ? "-c statement_timeout=0 -c lock_timeout=10s"
                       : "-c statement_timeout=5s -c lock_timeout=2s "
                         "-c idle_in_transaction_session_timeout=10s -c client_connection_check_interval=2s";
        try {
            connection_ = std::make_unique<Connection>(
                "application_name=fettle_" + program_ +
                " connect_timeout=2 gssencmode=disable client_encoding=UTF8 options='" + timeouts +
                " -c timezone=UTC -c datestyle=ISO -c plan_cache_mode=force_generic_plan -c jit=off -c "
                "enable_seqscan=off -c enable_mergejoin=off -c random_page_cost=1.1 -c search_path=public'");
        } catch (const std::exception& e) {
            throw ConnectionLost{one_line(e.what())};
        }
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
        Connection& c = connected();
        try {
            return guarded(c, [&] { return c.query(statement, parameters); });
        } catch (const ConnectionLost&) {
            connection_.reset();
            throw;
        }
    });
}

void Database::begin_snapshot() {
    begin();
    timed([&] {
        Connection& c = connected();
        ++spent_.statements;
        guarded(c, [&] { c.transaction->exec("set transaction isolation level repeatable read, read only"); });
    });
}

void Database::script(const std::string& sql) {
    timed([&] {
        ++spent_.statements;
        Connection& c = connected();
        try {
            if (c.transaction)
                c.transaction->exec(sql);
            else
                pqxx::nontransaction(c.link).exec(sql);
        } catch (const pqxx::broken_connection& e) {
            throw ConnectionLost{one_line(e.what())};
        } catch (const std::exception& e) {
            c.poisoned = true;
            throw std::runtime_error(one_line(e.what()));
        }
    });
}

void Database::begin() {
    timed([&] {
        Connection& c = connected();
        guarded(c, [&] { c.transaction = std::make_unique<pqxx::work>(c.link); });
        c.poisoned = false;
    });
}

void Database::commit() {
    if (!connection_ || !connection_->transaction) throw std::logic_error("commit without begin");
    timed([&] {
        auto transaction = std::move(connection_->transaction);
        if (connection_->poisoned) throw std::logic_error("commit of a transaction in which something failed");
        try {
            guarded(*connection_, [&] { transaction->commit(); });
        } catch (const ConnectionLost&) {
            transaction.reset();
            connection_.reset();
            throw;
        }
    });
}

void Database::rollback() {
    if (connection_ && connection_->transaction) timed([&] { connection_->transaction.reset(); });
}

std::string Database::check(const Statement& statement) {
    std::string values;
    for (std::size_t i = 0; i < statement.names.size(); ++i) values += i == 0 ? "(null" : ", null";
    if (!values.empty()) values += ')';
    Connection& c = connected();
    const auto run = [&](const std::string& sql) {
        guarded(c, [&] { return pqxx::nontransaction(c.link).exec(sql); });
    };
    bool is_prepared = false;
    const auto forget = [&] {
        if (is_prepared) run("deallocate fettle_check");
    };
    std::string fault;
    try {
        // PREPARE finds the types of the parameters and asks for no right; EXPLAIN looks up the rights as a run would,
        // and runs nothing
        run("prepare fettle_check as " + statement.text);
        is_prepared = true;
        run("explain execute fettle_check" + values);
    } catch (const Problem&) {
        forget();
        throw;
    } catch (const BadValue& bad) {
        fault = bad.why;
    } catch (const std::exception& refused) {
        fault = one_line(refused.what());
    }
    forget();
    return fault.substr(0, fault.find(" LINE "));  // where in the statement, which is not shown
}

}  // namespace api
