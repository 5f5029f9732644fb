// fettle roles, superuser and password: who may what, and how somebody gets in where the API cannot let them in yet.
#include <signal.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>

#include "command.hpp"
#include "auth/password.hpp"
#include "base/problem.hpp"
#include "sql/statement.hpp"
#include "schema/types.hpp"

namespace tool {

namespace {

constexpr int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
volatile std::sig_atomic_t ended_by = 0;

/// A terminal that does not show what is typed. A signal that would end the program waits until the echo is back.
class Silence {
public:
    Silence() {
        if (tcgetattr(STDIN_FILENO, &before_) != 0)
            throw Complaint(std::string("cannot ask on this terminal: ") + std::strerror(errno));
        struct sigaction note {};
        note.sa_handler = [](int number) { ended_by = number; };  // without SA_RESTART: read() returns
        for (std::size_t i = 0; i < std::size(ending); ++i) sigaction(ending[i], &note, &handlers_[i]);
        termios silent = before_;
        silent.c_lflag = (silent.c_lflag & ~static_cast<tcflag_t>(ECHO)) | ECHONL | ICANON | ISIG;
        silent.c_cc[VSUSP] = _POSIX_VDISABLE;  // nobody is sent to the background without an echo
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
            throw Complaint(std::string("cannot hide what is typed: ") + std::strerror(errno));
    }
    ~Silence() {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < std::size(ending); ++i) sigaction(ending[i], &handlers_[i], nullptr);
        if (ended_by) raise(ended_by);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

private:
    termios before_;
    struct sigaction handlers_[std::size(ending)];
};

/// One line of standard input, or nothing at its end.
std::optional<std::string> read_line() {
    std::string line;
    for (char c; !ended_by;) {
        const ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw Complaint(std::string("cannot read the password: ") + std::strerror(errno));
        if (n == 0 && line.empty()) break;
        if (n == 0 || c == '\n') {
            if (line.ends_with('\r')) line.pop_back();  // a line as Windows ends it
            return line;
        }
        line += c;
    }
    return std::nullopt;
}

/// The new password: asked for twice on a terminal, else a line of standard input.
std::string ask_password(const std::string& username) {
    auto asked = [](const std::string& prompt) {
        std::optional<std::string> line;
        if (isatty(STDIN_FILENO)) {
            std::cerr << prompt << std::flush;
            Silence silence;
            line = read_line();
        } else {
            line = read_line();
        }
        if (!line) throw Complaint("no password was given; nothing was changed");
        return *line;
    };
    std::string given = asked("New password of " + username + ": ");
    if (isatty(STDIN_FILENO) && asked("Again: ") != given)
        throw Complaint("the two passwords are not the same; nothing was changed");
    return given;
}

using Faults = std::vector<std::string>;

void check(Faults& faults, const char* name, const std::string& given, std::string (*rule)(api::json::value&)) {
    api::json::value value(given);
    if (std::string wrong = rule(value); !wrong.empty()) faults.push_back(std::string(name) + ": " + wrong);
}

void check_password(Faults& faults, const std::string& given, const std::string& username, const std::string& email) {
    const std::size_t before = faults.size();
    check(faults, "password", given, api::types::check_password);
    if (faults.size() > before) return;
    if (std::string weak = api::password::weakness(given, username, email); !weak.empty())
        faults.push_back("password: " + weak);
}

void complain_of(const Faults& faults) {
    if (faults.empty()) return;
    std::string all;
    for (const std::string& fault : faults) all += (all.empty() ? "" : "\nfettle: ") + fault;
    throw Complaint(all);
}

struct Account {
    std::string id, username, email;
    bool is_active, is_superuser, has_password;
};

/// The account of that name, without regard to case. Locked, nobody logs in or changes it until the transaction ends.
std::optional<Account> find_account(api::Database& database, const std::string& username, bool lock) {
    api::Rows rows = database.query(api::numbered(std::string("select id, username, email, is_active, is_superuser, "
                                                              "exists (select from credentials where user_id = id) "
                                                              "from users where lower(username) = lower(:username)") +
                                                  (lock ? " for update" : "")),
                                    {{"username", username}});
    if (rows.size() == 0) return std::nullopt;
    return Account{std::string(rows(0, 0)), std::string(rows(0, 1)), std::string(rows(0, 2)),
                   rows(0, 3) == "t",       rows(0, 4) == "t",       rows(0, 5) == "t"};
}

int promote(api::Database& database, const Account& account) {
    if (account.is_superuser && account.is_active) {
        std::cout << account.username << " is an active superuser already\n";
    } else {
        database.query(api::numbered("update users set is_superuser = true, is_active = true where id = :id"),
                       {{"id", account.id}});
        std::cout << account.username << " is a superuser now" << (account.is_active ? "" : ", and active again")
                  << '\n';
    }
    database.commit();
    if (!account.has_password)
        std::cout << "The account has no password; `fettle password " << account.username << "` gives it one.\n";
    return 0;
}

/// Makes the account in the transaction that has begun.
void create(api::Database& database, const std::string& username, const std::string& email, const std::string& hash) {
    // is_first as in a registration: of the two that are the first at once, the index admits one
    api::Rows made = database.query(api::numbered(R"(
        with made as (
            insert into users (username, email, is_superuser, is_first)
            values (:username, :email, true, not exists (select from users))
            returning id
        ), secret as (
            insert into credentials (user_id, password_hash) select id, :hash from made
        )
        insert into user_roles (user_id, role_id)
        select made.id, r.id from made join roles r on r.name = 'employee'
        returning user_id)"),
                                    {{"username", username}, {"email", email}, {"hash", hash}});
    if (made.size() == 0) throw Complaint("there is no role employee; run `fettle roles` first");
}

}  // namespace

int roles(const Arguments&) {
    api::Database database("roles", true);
    open(database);
    begin(database, "roles");
    // nobody changes a role meanwhile, so that what is printed below is what this command did
    database.script("lock table roles, permissions, role_permissions in share row exclusive mode");
    const std::set<std::string> before = permission_lines(database);
    database.script(
        "update roles set built_in = true where not built_in and name in ('employee', 'manager', 'administrator')");
    store_permissions(database);
    database.script(
        "insert into role_permissions (role_id, code) "
        "select r.id, p.code from roles r cross join permissions p where r.name = 'administrator' "
        "on conflict do nothing");
    const std::set<std::string> after = permission_lines(database);
    api::Rows found = database.query(
        api::numbered("select name, (select count(*) from role_permissions where role_id = id) from roles order by id"),
        {});
    database.commit();
    for (const std::string& line : before)
        if (!after.contains(line)) std::cout << "no longer: " << line << '\n';
    for (const std::string& line : after)
        if (!before.contains(line)) std::cout << "new: " << line << '\n';
    for (std::size_t i = 0; i < found.size(); ++i)
        std::cout << found(i, 0) << ": " << counted(std::stoll(std::string(found(i, 1))), "permission") << '\n';
    std::cout << (before == after ? "nothing changed\n" : "roles and permissions are those of this release\n");
    return 0;
}

int superuser(const Arguments& arguments) {
    const std::string& username = arguments[0];
    const std::string email = arguments.size() > 1 ? arguments[1] : "";
    api::Database database("superuser");
    open(database);
    auto existing = [&] {
        begin(database, "superuser");
        std::optional<Account> account = find_account(database, username, true);
        if (!account) database.rollback();
        if (account && !email.empty() && strcasecmp(account->email.c_str(), email.c_str()) != 0)
            throw Complaint("there is an account " + account->username +
                            " with another address; leave the address out to promote it");
        return account;
    };
    if (auto account = existing()) return promote(database, *account);
    if (email.empty())
        throw Complaint("there is no account " + username + "; give an email address as well to create it");

    Faults faults;
    check(faults, "username", username, api::types::check_username);
    check(faults, "email", email, api::types::check_email);
    if (isatty(STDIN_FILENO)) complain_of(faults);  // before anybody types a password for nothing
    const std::string given = ask_password(username);
    check_password(faults, given, username, email);
    complain_of(faults);
    const std::string hash = api::password::hash(given);
    for (int attempt = 1;; ++attempt) {
        try {
            begin(database, "superuser");
            create(database, username, email, hash);
            database.commit();
            break;
        } catch (const api::Problem& problem) {
            database.rollback();
            if (problem.code == "one_first_user" && attempt == 1) continue;  // somebody else was first, and is seen now
            if (problem.code == "email_taken") throw Complaint("the address " + email + " is that of another account");
            if (problem.code == "username_taken")
                throw Complaint("somebody has taken the name " + username +
                                " in this moment; repeat the command to promote that account");
            throw;
        }
    }
    std::cout << "created " << username << ", a superuser with the role employee\n";
    return 0;
}

int password(const Arguments& arguments) {
    api::Database database("password");
    open(database);
    const std::optional<Account> account = find_account(database, arguments[0], false);
    if (!account) throw Complaint("there is no account " + arguments[0]);
    const std::string given = ask_password(account->username);
    Faults faults;
    check_password(faults, given, account->username, account->email);
    complain_of(faults);
    const std::string hash = api::password::hash(given);

    begin(database, "password");
    // a login locks the account, too: it is over and its session is ended here, or it begins with the new password
    if (database.query(api::numbered("select id from users where id = :id for update"), {{"id", account->id}}).size() ==
        0)
        throw Complaint("the account " + account->username + " has gone in this moment");
    database.query(api::numbered("insert into credentials (user_id, password_hash) values (:id, :hash) "
                                 "on conflict (user_id) do update set password_hash = :hash, changed_at = now()"),
                   {{"id", account->id}, {"hash", hash}});
    api::Rows ended =
        database.query(api::numbered("with ended as (update sessions set ended_at = now(), ended_as = 'session_ended' "
                                     "where user_id = :id and kind = 'session' and ended_as is null returning id) "
                                     "select count(*) from ended"),
                       {{"id", account->id}});
    // the names that failures are counted under (lib/auth/login_throttle.hpp)
    database.query(api::numbered("delete from login_failures f using users u where u.id = :id and f.name in "
                                 "('username ' || lower(u.username), 'email ' || lower(u.email), 'account ' || u.id)"),
                   {{"id", account->id}});
    database.commit();
    std::cout << account->username << " has a new password; ended "
              << counted(std::stoll(std::string(ended(0, 0))), "session") << '\n';
    if (!account->is_active)
        std::cout << "The account is not active and cannot log in; `fettle superuser` or an administrator of users "
                     "can change that.\n";
    return 0;
}

}  // namespace tool
