// fettle superuser and password: create a superuser, and set the password of an account without the API.
#include <strings.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "auth/password.hpp"
#include "base/problem.hpp"
#include "command_database.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "password_prompt.hpp"
#include "schema/types.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// What is wrong with the arguments and the password, one sentence each.
using Faults = std::vector<std::string>;

/// Adds a fault where the value breaks the rule of a field of the API.
void check_field(Faults& faults, const char* field, const std::string& text, std::string (*rule)(api::json::value&)) {
    api::json::value value(text);
    if (const std::string fault = rule(value); !fault.empty()) faults.push_back(std::string(field) + ": " + fault);
}

void check_password(Faults& faults, const std::string& password, const std::string& username,
                    const std::string& email) {
    const std::size_t before = faults.size();
    check_field(faults, "password", password, api::types::check_password);
    if (faults.size() > before) return;
    if (const std::string weakness = api::password::weakness(password, username, email); !weakness.empty())
        faults.push_back("password: " + weakness);
}

/// Throws UserError with all faults, a line each, if there are any.
void throw_if_any(const Faults& faults) {
    if (!faults.empty()) throw UserError(join(faults, "\nfettle: "));
}

struct Account {
    std::string id, username, email;
    bool is_active, is_superuser, has_password;
};

/// The account of that name, in upper or lower case. With `lock` no user can log in to it or change it until the
/// transaction ends.
std::optional<Account> find_account(api::Database& database, const std::string& username, bool lock) {
    const api::Rows rows =
        database.query(api::numbered(std::string("select id, username, email, is_active, is_superuser, "
                                                 "exists (select from credentials where user_id = id) "
                                                 "from users where lower(username) = lower(:username)") +
                                     (lock ? " for update" : "")),
                       {{"username", username}});
    if (rows.size() == 0) return std::nullopt;
    const auto text = [&](std::size_t column) { return std::string(rows(0, column)); };
    const auto boolean = [&](std::size_t column) { return rows(0, column) == "t"; };
    return Account{text(0), text(1), text(2), boolean(3), boolean(4), boolean(5)};
}

/// Begins a transaction in which the account is locked. If there is no such account, no transaction is left open.
/// Throws UserError if an address is given and the account has another one.
std::optional<Account> begin_with_account(api::Database& database, const std::string& username,
                                          const std::string& email) {
    begin_audited(database, "superuser");
    std::optional<Account> account = find_account(database, username, true);
    if (!account) database.rollback();
    if (account && !email.empty() && strcasecmp(account->email.c_str(), email.c_str()) != 0)
        throw UserError("the account " + account->username +
                        " exists with another email address; leave EMAIL out to make it a superuser");
    return account;
}

/// Makes an account an active superuser, and ends the transaction that has begun.
void promote(api::Database& database, const Account& account) {
    if (account.is_superuser && account.is_active) {
        std::cout << account.username << " is already an active superuser\n";
    } else {
        database.query(api::numbered("update users set is_superuser = true, is_active = true where id = :id"),
                       {{"id", account.id}});
        std::cout << account.username << " is now a superuser" << (account.is_active ? "" : ", and active again")
                  << '\n';
    }
    database.commit();
    if (!account.has_password)
        std::cout << "The account has no password; set one with `fettle password " << account.username << "`.\n";
}

/// A new superuser, whose values were checked.
struct NewSuperuser {
    std::string username, email, password_hash;
};

/// Inserts the account, its password and its role in the transaction that has begun.
void insert_superuser(api::Database& database, const NewSuperuser& user) {
    const api::Rows inserted =
        database.query(api::numbered("select exists (select from roles where name = 'employee')"
                                     " from make_account(:username, :email, '', '', :hash, true)"),
                       {{"username", user.username}, {"email", user.email}, {"hash", user.password_hash}});
    if (!inserted.is_true(0, 0)) throw UserError("there is no role employee; run `fettle roles` first");
}

/// Creates the account in one transaction. Throws UserError if the name or the address is taken.
void create_superuser(api::Database& database, const NewSuperuser& user) {
    for (int attempt = 1;; ++attempt) {
        try {
            begin_audited(database, "superuser");
            insert_superuser(database, user);
            database.commit();
            return;
        } catch (const api::Problem& problem) {
            database.rollback();
            // another account became the first one in the meantime; the next attempt sees it
            if (problem.code == "one_first_user" && attempt == 1) continue;
            if (problem.code == "email_taken")
                throw UserError("another account has the email address " + user.email + "; give a different one");
            if (problem.code == "username_taken")
                throw UserError("another user has just taken the name " + user.username +
                                "; run the command again to make that account a superuser");
            throw;
        }
    }
}

/// Sets the password and ends the sessions of an account in one transaction. Returns how many sessions were ended.
long long replace_password(api::Database& database, const Account& account, const std::string& hash) {
    const api::Parameters parameters{{"id", account.id}, {"hash", hash}}, id{{"id", account.id}};
    begin_audited(database, "password");
    // A login locks the account, too. Either it is complete, and its session is ended below, or it begins afterwards
    // and needs the new password.
    if (database.query(api::numbered("select id from users where id = :id for update"), id).size() == 0)
        throw UserError("the account " + account.username + " has just been deleted; nothing was changed");
    database.query(api::numbered("insert into credentials (user_id, password_hash) values (:id, :hash) "
                                 "on conflict (user_id) do update set password_hash = :hash, changed_at = now()"),
                   parameters);
    const api::Rows ended =
        database.query(api::numbered("with ended as (update sessions set ended_at = now(), ended_as = 'session_ended' "
                                     "where user_id = :id and kind = 'session' and ended_as is null returning id) "
                                     "select count(*) from ended"),
                       id);
    // the names under which failed logins are counted (lib/auth/login_throttle.hpp)
    database.query(api::numbered("delete from login_failures f using users u where u.id = :id and f.name in "
                                 "('username ' || lower(u.username), 'email ' || lower(u.email), 'account ' || u.id)"),
                   id);
    database.commit();
    return ended.integer();
}

}  // namespace

int superuser(const Arguments& arguments) {
    const std::string& username = arguments[0];
    const std::string email = arguments.size() > 1 ? arguments[1] : "";
    api::Database database("superuser");
    connect(database);
    if (const std::optional<Account> account = begin_with_account(database, username, email)) {
        promote(database, *account);
        return 0;
    }
    if (email.empty())
        throw UserError("there is no account " + username + "; to create it, add its email address: fettle superuser " +
                        username + " EMAIL");

    Faults faults;
    check_field(faults, "username", username, api::types::check_username);
    check_field(faults, "email", email, api::types::check_email);
    if (isatty(STDIN_FILENO)) throw_if_any(faults);  // before the user types a password for nothing
    const std::string password = ask_new_password(username);
    check_password(faults, password, username, email);
    throw_if_any(faults);
    create_superuser(database, {username, email, api::password::hash(password)});
    std::cout << "created " << username << ", a superuser with the role employee\n";
    return 0;
}

int password(const Arguments& arguments) {
    api::Database database("password");
    connect(database);
    const std::optional<Account> account = find_account(database, arguments[0], false);
    if (!account) throw UserError("there is no account " + arguments[0] + "; check the spelling of the username");
    const std::string password = ask_new_password(account->username);
    Faults faults;
    check_password(faults, password, account->username, account->email);
    throw_if_any(faults);
    const long long ended = replace_password(database, *account, api::password::hash(password));
    std::cout << account->username << " has a new password; ended " << with_noun(ended, "session") << '\n';
    if (!account->is_active)
        std::cout
            << "The account is not active, so it cannot log in. A user with the permission to change accounts can "
               "activate it; `fettle superuser` activates it and makes it a superuser.\n";
    return 0;
}

}  // namespace tool
