// Works with libpqxx 6.4 (Debian 12) and 7.10 (Debian 13). Connection::run handles their differences.
#include "sql/connection.hpp"

#include <poll.h>

#include <algorithm>

#include "base/problem.hpp"

namespace api {

std::string one_line(const char* what) {
    std::string line = what;
    std::ranges::replace(line, '\n', ' ');
    return line;
}

namespace {

/// The name of a violated constraint. libpqxx provides only the SQLSTATE of an error, so the name is taken from the
/// message, whose words are known because lc_messages is C.
std::string constraint_in(const std::string& message) {
    std::size_t start = message.find("constraint \"");
    if (start == message.npos) return {};
    start += 12;
    return message.substr(start, message.find('"', start) - start);
}

/// The problem for a violated constraint: `email_taken` becomes 409 on email, `no_such_user` becomes 400 on user, any
/// other constraint becomes a 409 conflict.
Problem broken_constraint(const std::string& message) {
    constexpr std::string_view taken = "_taken", no_such = "no_such_";
    const std::string constraint = constraint_in(message);
    if (constraint.size() > taken.size() && constraint.ends_with(taken)) {
        std::string field = constraint.substr(0, constraint.size() - taken.size());
        Problem problem(refusals::taken, field);
        problem.code = constraint;
        problem.errors = {{field, {"This value is already taken."}}};
        return problem;
    }
    if (constraint.starts_with(no_such)) {
        // the referenced row was to be deleted or changed
        if (message.find("update or delete on table") != message.npos) return Problem(refusals::in_use);
        return invalid(
            {{constraint.substr(no_such.size()), {"This object does not exist or is not available to you."}}});
    }
    return {409, constraint.empty() ? "conflict" : constraint, "The change conflicts with stored data."};
}

/// Throws the exception for an error of a statement, according to its SQLSTATE (PostgreSQL, appendix A).
[[noreturn]] void rethrow(const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    if (state.starts_with("23")) throw broken_constraint(error.what());
    if (state.starts_with("22")) throw BadValue(one_line(error.what()));
    if (state == "57014" || state == "55P03") throw unavailable("The database is busy. Try again.", 1);
    if (state.starts_with("53")) throw unavailable("The database has no resources left. Try again later.", 10);
    // if the server dies in the middle of an answer, there is no SQLSTATE
    if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state == "25006")
        throw ConnectionLost(one_line(error.what()));
    throw std::runtime_error("database: " + state + " " + one_line(error.what()));
}

}  // namespace

// The order of the clauses matters: 6.4 and 7.10 derive these exceptions differently.
template <class Action>
auto Connection::translated(Action action) {
    try {
        return action();
    } catch (const pqxx::in_doubt_error& error) {
        is_poisoned_ = true;
        throw ConnectionLost(one_line(error.what()));
    } catch (const pqxx::broken_connection& error) {
        is_poisoned_ = true;
        throw ConnectionLost(one_line(error.what()));
    } catch (const pqxx::transaction_rollback& error) {
        is_poisoned_ = true;
        throw Collision(one_line(error.what()));
    } catch (const pqxx::insufficient_privilege& error) {
        is_poisoned_ = true;  // libpqxx 6.4 has no SQLSTATE for this exception
        throw std::runtime_error("database: 42501 " + one_line(error.what()));
    } catch (const pqxx::sql_error& error) {
        is_poisoned_ = true;
        rethrow(error);
    } catch (const std::exception& error) {
        is_poisoned_ = true;
        if (!link_.is_open()) throw ConnectionLost(one_line(error.what()));
        throw;
    }
}

// NOLINTNEXTLINE(modernize-pass-by-value): the result of libpqxx 6.4 cannot be moved
Rows::Held::Held(const pqxx::result& given) : result(given), columns(static_cast<std::size_t>(result.columns())) {
    cells.reserve(static_cast<std::size_t>(result.size()) * columns);
    for (const auto& row : result)
        for (auto field = row.begin(); field != row.end(); ++field) {
            cells.emplace_back(field->is_null() ? std::string_view() : std::string_view(field->c_str(), field->size()),
                               field->is_null());
            bytes += cells.back().first.size();
        }
}

Connection::Connection(const std::string& options) try : link_(options) {
} catch (const std::exception& error) {
    throw ConnectionLost(one_line(error.what()));
}

bool Connection::is_broken() {
    pollfd idle{link_.sock(), POLLIN, 0};
    return !link_.is_open() || poll(&idle, 1, 0) != 0;
}

const std::string& Connection::name_of(const std::string& text) {
    // A plan takes up to 400 KiB in the server, and a list has a plan for each combination of filters and order. If
    // there are too many, the least recently used one is dropped.
    constexpr std::size_t most_prepared = 40;
    auto found = prepared_.find(text);
    if (found == prepared_.end()) {
        if (prepared_.size() >= most_prepared) {
            auto oldest = std::ranges::min_element(
                prepared_, [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; });
            link_.unprepare(oldest->second.name);
            prepared_.erase(oldest);
        }
        std::string name = "s" + std::to_string(uses_);
        // 7.10 sends it to the server at once; a statement that the server refuses is not remembered
        link_.prepare(name, text);
        found = prepared_.emplace(text, Prepared{std::move(name), 0}).first;
    }
    found->second.last_used = ++uses_;
    return found->second.name;
}

std::string Connection::with_literals(std::string_view text, const std::vector<const char*>& values) {
    std::string sql;
    bool is_in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'') is_in_string = !is_in_string;  // the statements have no comments and no dollar quotes
        if (text[i] != '$' || is_in_string) {
            sql += text[i];
            continue;
        }
        std::size_t number = 0;
        for (; i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9'; ++i)
            number = 10 * number + static_cast<std::size_t>(text[i + 1] - '0');
        const char* value = values.at(number - 1);
        sql += value ? link_.quote(std::string(value)) : "null";
    }
    return sql;
}

pqxx::result Connection::run(pqxx::transaction_base& within, const Statement& statement, const Parameters& parameters) {
    std::vector<const char*> values;
    for (const std::string& name : statement.names) {
        auto found = parameters.find(name);
        if (found == parameters.end()) throw std::logic_error("the statement has no value for the parameter " + name);
        values.push_back(found->second ? found->second->c_str() : nullptr);
    }
    // A generic plan cannot know, for example, whether few or many rows are before a date. With literals instead of
    // parameters, PostgreSQL parses, plans and runs the statement in one round trip. (It would make a generic plan for
    // a statement without a name, too: plan_cache_mode is force_generic_plan, and to change it takes a round trip.)
    if (statement.has_custom_plan) return within.exec(with_literals(statement.text, values));
    const std::string& name = name_of(statement.text);
#if PQXX_VERSION_MAJOR >= 7
    pqxx::params given;
    for (const char* value : values) given.append(value);
    return within.exec(pqxx::prepped{name}, given);
#else
    auto given = pqxx::prepare::make_dynamic_params(values);
    return within.exec_prepared(name, given);
#endif
}

Rows Connection::query(const Statement& statement, const Parameters& parameters) {
    return translated([&] { return Rows{std::make_shared<Rows::Held>(run(within(), statement, parameters))}; });
}

pqxx::transaction_base& Connection::within() {
    if (transaction_) return *transaction_;
    if (!autocommit_) autocommit_ = std::make_unique<pqxx::nontransaction>(link_);
    return *autocommit_;
}

void Connection::run(const std::string& sql) {
    translated([&] { within().exec(sql); });
}

void Connection::script(const std::string& sql) {
    try {
        within().exec(sql);
    } catch (const pqxx::broken_connection& error) {
        throw ConnectionLost(one_line(error.what()));
    } catch (const std::exception& error) {
        is_poisoned_ = true;
        throw std::runtime_error(one_line(error.what()));
    }
}

void Connection::begin() {
    translated([&] {
        autocommit_.reset();
        transaction_ = std::make_unique<pqxx::work>(link_);
    });
    is_poisoned_ = false;
}

void Connection::commit() {
    if (!transaction_) throw std::logic_error("commit without begin");
    const auto transaction = std::move(transaction_);
    if (is_poisoned_) throw std::logic_error("commit of a transaction in which a statement failed");
    translated([&] { transaction->commit(); });
}

}  // namespace api
