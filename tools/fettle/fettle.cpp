// The program fettle: the table of its commands, their help, and how an error is reported.
#include <fcntl.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "errors.hpp"
#include "settings_file.hpp"
#include "sql/database.hpp"

namespace {

struct Command {
    const char* group;  ///< its heading in the list of commands
    const char* name;
    const char* arguments;
    const char* summary;     ///< in the list of commands, at most 63 characters
    const char* details;     ///< in --help; a line has at most 80 characters, as in the next two
    const char* parameters;  ///< the arguments, a line each; may be empty
    const char* example;
    std::size_t min_arguments, max_arguments;
    int (*run)(const tool::Arguments&);
    bool loads_settings = true;  ///< before it runs
};

constexpr const char *set_up = "Set up", *deployment = "Deploy", *accounts_and_keys = "Accounts, keys and settings",
                     *maintenance = "Check and maintain";

/// In the order of --help; the commands of a group follow each other.
constexpr Command commands[] = {
    {set_up, "migrate", "[keep-grants]", "Bring the database up to date",
     "Bring the database up to date with this release.\n"
     "\n"
     "In one transaction: applies the migrations that are new, creates functions and\n"
     "triggers again, and stores the permissions of this release and the privileges\n"
     "of the handlers' database roles. If one part fails, nothing is changed.\n"
     "PGUSER must be the owner of the database. While another migration runs, the\n"
     "command waits for up to 10 seconds, then fails.\n",
     "  keep-grants  Do not revoke privileges. An upgrade needs this while handlers of\n"
     "               the previous release still run.\n",
     "  fettle migrate\n", 0, 1, tool::migrate},
    {set_up, "roles", "", "Restore the built-in roles and the permissions",
     "Restore the built-in roles and the permissions of this release.\n"
     "\n"
     "Creates the roles employee, manager and administrator if they are missing,\n"
     "makes the list of permissions that of this release, and gives administrator all\n"
     "permissions. A permission that you took from another role stays removed. Prints\n"
     "what was changed, and the number of permissions of each role.\n",
     "", "  fettle roles\n", 0, 0, tool::roles},
    {set_up, "superuser", "USERNAME [EMAIL]", "Create a superuser, or make an account one",
     "Create a superuser, or make an existing account one.\n"
     "\n"
     "If the account exists, it becomes an active superuser and keeps its password;\n"
     "upper and lower case do not matter. If it does not exist, EMAIL is required: the\n"
     "account is created with the role employee. Its password is asked for twice, and\n"
     "not shown. Without a terminal, the first line of standard input is the password.\n",
     "  USERNAME  The name of the account.\n"
     "  EMAIL     The email address of a new account.\n",
     "  fettle superuser ann ann@example.org\n", 1, 2, tool::superuser},
    {set_up, "example", "[if-empty]", "Fill an empty database with example data",
     "Fill an empty database with example data.\n"
     "\n"
     "The data are those of a workshop that has used Fettle for a year: people,\n"
     "equipment, meter readings, schedules, work orders, maintenance records, tasks.\n"
     "Prints a new random password, which all these people have, and some usernames.\n"
     "If there is equipment, or an account other than one superuser, the command fails\n"
     "and changes nothing. Do not use it for real work: no command removes the data.\n",
     "  if-empty  If the database is not empty, do nothing and exit with status 0.\n", "  fettle example\n", 0, 1,
     tool::example},
    {deployment, "deploy", "HANDLER [FILE]", "Replace the binary of one handler; undo it if it fails",
     "Replace the binary of one handler, without a lost request.\n"
     "\n"
     "First runs FILE with --describe and --check as the user of the handler: it must\n"
     "be this handler, and fit the database and the keys. Then renames a copy into\n"
     "place and restarts the service. Its socket stays open, so clients wait. If the\n"
     "handler is not healthy within 10 seconds, or you press Ctrl-C, the previous\n"
     "binary is restored, and standard error says why. Needs root, and a handler that\n"
     "is installed and whose socket is active. One deployment can run at a time.\n",
     "  HANDLER  The name of the handler, as in /usr/lib/fettle/handlers.\n"
     "  FILE     The new binary (default build/handlers/HANDLER).\n",
     "  fettle deploy tasks build/handlers/tasks\n", 1, 2, tool::deploy, false},
    {deployment, "rollback", "HANDLER", "Restore the previous binary of one handler",
     "Restore the previous binary of one handler, without a lost request.\n"
     "\n"
     "Installs the binary that served before the last `fettle deploy`, with the same\n"
     "checks and steps. The binary that it replaces becomes the previous one, so a\n"
     "second rollback undoes the first. Needs root. An upgrade to another release\n"
     "deletes the previous binaries: this command cannot undo it.\n",
     "  HANDLER  The name of the handler, as in /usr/lib/fettle/handlers.\n", "  fettle rollback tasks\n", 1, 1,
     tool::rollback, false},
    {accounts_and_keys, "password", "USERNAME", "Set a new password for an account",
     "Set a new password for an account.\n"
     "\n"
     "The password is asked for twice, and not shown. Without a terminal, the first\n"
     "line of standard input is the password. All sessions of the account end, and its\n"
     "failed logins are forgotten. Its personal access tokens stay valid.\n",
     "  USERNAME  The name of the account; upper and lower case do not matter.\n", "  fettle password ann\n", 1, 1,
     tool::password},
    {accounts_and_keys, "settings", "", "Print all settings with their defaults",
     "Print all settings with their meanings and defaults, as a file to edit.\n"
     "\n"
     "A new installation has this output as /etc/fettle/fettle.env, with the database\n"
     "and FETTLE_IDLE=600. Values in use are not shown; `fettle doctor` checks them.\n"
     "\n"
     "Settings are environment variables. Commands read those that are not set from\n"
     "one file:\n"
     "  $FETTLE_ENV             if this variable is set\n"
     "  $DATA/env               else if DATA is set, as for `make run`\n"
     "  build/run/env           else if it exists, for build/fettle\n"
     "  /etc/fettle/fettle.env  else\n"
     "PGHOST, PGPORT, PGDATABASE and PGUSER name the database. If it refuses root, the\n"
     "command continues as the system user that PGUSER names. Only fettle reads:\n"
     "  FETTLE_SOCKETS  The directory of the handlers' sockets (default /run/fettle).\n"
     "  FETTLE_SQL      Another directory with tables/, functions/, grants.sql and\n"
     "                  example.sql.\n",
     "", "  fettle settings | less\n", 0, 0, tool::settings, false},
    {accounts_and_keys, "keys", "", "List the keys that sign tokens and URLs of files",
     "List the keys that sign tokens and URLs of files.\n"
     "\n"
     "Prints a line for each key: its use, its id, when it was created, and whether it\n"
     "signs, or only verifies what it signed before. Never shows a key itself. Creates\n"
     "the file of keys (FETTLE_KEYS) if it does not exist. `fettle keys rotate`\n"
     "creates new keys.\n",
     "", "  fettle keys\n", 0, 0, tool::keys},
    {accounts_and_keys, "keys rotate", "", "Create new signing keys; sessions and URLs stay valid",
     "Create a new key for each use: tokens and URLs of files.\n"
     "\n"
     "The new keys sign from the next request on. The older keys still verify what\n"
     "they signed until that expires; a later rotation then removes them. Sessions and\n"
     "URLs of files stay valid.\n",
     "", "  fettle keys rotate\n", 0, 0, tool::keys_rotate},
    {maintenance, "doctor", "", "Check the installation, and say how to correct it",
     "Check the installation, and say how to correct it.\n"
     "\n"
     "Prints a line for each finding. It begins with ok, warn or FAIL; if it is warn\n"
     "or FAIL, it says what to do. Checks settings, keys, storage, disk, time,\n"
     "sockets, handlers, nginx, database, messages, migrations, clock, permissions,\n"
     "grants, superusers, connections and audit. Asks each handler if it is healthy;\n"
     "this starts idle handlers. Changes nothing, and ends within a minute.\n"
     "Run it as root: only root and nginx can connect to the handlers' sockets.\n"
     "The exit status is 1 if a line begins with FAIL.\n",
     "", "  fettle doctor\n", 0, 0, tool::doctor, false},
    {maintenance, "audit seal", "", "Add new rows of the audit trail to its hash chain",
     "Add new rows of the audit trail to its hash chain.\n"
     "\n"
     "Prints `sealed N rows; head POSITION HASH`. Keep a copy of this line on another\n"
     "machine: `fettle audit verify POSITION:HASH` compares it later. The timer\n"
     "fettle-audit-seal runs this command each minute. Writers do not wait for it.\n",
     "", "  fettle audit seal\n", 0, 0, tool::audit_seal},
    {maintenance, "audit verify", "[POSITION:HASH]", "Find rows of the audit trail that were tampered with",
     "Find rows of the audit trail that were tampered with.\n"
     "\n"
     "Seals new rows, then checks the hash chain from its beginning. If a row was\n"
     "changed, added or removed, the exit status is 1, and standard error names the\n"
     "first such row. Compare it with a backup.\n",
     "  POSITION:HASH  From a copy of a line of `fettle audit seal`. The link at this\n"
     "                 position must have this hash. Only this finds that the end of\n"
     "                 the trail was cut off together with its links, or that the\n"
     "                 chain was rebuilt.\n",
     "  fettle audit verify\n", 0, 1, tool::audit_verify},
    {maintenance, "schedules run", "", "Create the work orders that are due",
     "Create the work orders that are due by the schedules of preventive maintenance.\n"
     "\n"
     "A schedule is due when its day minus its lead days has come, or when the meter\n"
     "has reached its hours. Skips retired equipment, and schedules whose last work\n"
     "order is still open. Several runs at the same time create each work order once.\n"
     "Prints how many were created. The timer fettle-schedules runs it each hour.\n",
     "", "  fettle schedules run\n", 0, 0, tool::schedules_run},
    {maintenance, "sweep", "", "Delete expired data and unused files",
     "Delete expired data and unused files.\n"
     "\n"
     "Deletes, at most 1,000 rows in a transaction:\n"
     "  - sessions and tokens that ended more than 30 days ago;\n"
     "  - failed logins and responses for an Idempotency-Key, older than 24 hours;\n"
     "  - stored files older than an hour that no document and no profile refers to.\n"
     "The audit trail keeps all its rows. Prints how many of each were deleted. Names\n"
     "documents and profiles whose file is missing; the exit status is then 1. The\n"
     "timer fettle-sweep runs it each day.\n",
     "", "  fettle sweep\n", 0, 0, tool::sweep},
};

constexpr const char* statuses = "Exit status: 0 success, 1 failure (standard error says why), 2 wrong usage.\n";

/// The command with the names of its arguments.
std::string synopsis(const Command& command) {
    return std::string(command.name) + (*command.arguments ? " " : "") + command.arguments;
}

void print_usage(std::ostream& out, const Command& command) {
    out << "Usage: fettle " << synopsis(command) << "\n\n" << command.details;
    if (*command.parameters) out << "\nArguments:\n" << command.parameters;
    out << "\nExample:\n" << command.example << '\n' << statuses;
}

void print_summary(std::ostream& out, const Command& command) {
    out << "  " << std::left << std::setw(15) << command.name << command.summary << '\n';
}

void print_help(std::ostream& out) {
    // in the format that help2man(1) parses
    out << "Usage: fettle COMMAND [ARGUMENT]... | --version\n\n";
    const char* group = nullptr;
    for (const Command& command : commands) {
        if (command.group != group) out << command.group << ":\n";
        group = command.group;
        print_summary(out, command);
    }
    out << "\nRun \"fettle COMMAND --help\" for one command, \"man fettle\" for all of them.\n"
           "\"fettle settings --help\" explains the environment variables.\n";
}

/// Prints the commands whose names begin with this word and have another one. False if there are none.
bool print_commands_of(std::ostream& out, const std::string& word) {
    bool found = false;
    for (const Command& command : commands) {
        if (!std::string_view(command.name).starts_with(word + ' ')) continue;
        if (!found) out << "Usage: fettle " << word << " COMMAND [ARGUMENT]...\n\n";
        found = true;
        print_summary(out, command);
    }
    if (found) out << "\nRun \"fettle " << word << " COMMAND --help\" for the details of one.\n";
    return found;
}

/// How many characters must be inserted, deleted or replaced to make one text of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

/// The command that the user has probably meant; null if no name is similar.
const Command* nearest_command(const tool::Arguments& words) {
    const Command* nearest = nullptr;
    std::size_t least = 3;  // a name that differs in more than two characters is not similar
    for (const Command& command : commands) {
        const std::string_view name = command.name;
        const bool has_two_words = name.find(' ') != name.npos;
        const std::string typed = words[0] + (has_two_words && words.size() > 1 ? ' ' + words[1] : "");
        const std::size_t difference = distance(typed, name);
        if (difference >= least || difference >= name.size() / 2) continue;
        nearest = &command;
        least = difference;
    }
    return nearest;
}

/// Says on standard error that the words begin with no command, and what to do.
void report_unknown_command(const tool::Arguments& words) {
    constexpr const char* see_list = "Run \"fettle --help\" for the list of commands.\n";
    if (words.empty()) {
        std::cerr << "fettle: no command was given\n\nUsage: fettle COMMAND [ARGUMENT]...\n" << see_list;
        return;
    }
    std::ostringstream commands_of_word;
    const bool has_commands = print_commands_of(commands_of_word, words[0]);
    std::cerr << "fettle: there is no command \"" << words[0]
              << (has_commands && words.size() > 1 ? ' ' + words[1] : "") << '"';
    const Command* nearest = nearest_command(words);
    if (nearest) std::cerr << "; did you mean \"" << nearest->name << "\"?";
    std::cerr << '\n' << (has_commands && !nearest ? '\n' + commands_of_word.str() : see_list);
}

/// A command and its arguments.
struct Call {
    const Command* command = nullptr;
    tool::Arguments arguments;
};

/// The command with the longest name that the words begin with; null if there is none. The words after it are its
/// arguments.
Call find_command(const tool::Arguments& words) {
    Call call;
    std::size_t longest = 0;
    for (const Command& command : commands) {
        std::istringstream name(command.name);
        std::size_t length = 0;
        bool matches = true;
        for (std::string word; name >> word; ++length)
            matches = matches && length < words.size() && words[length] == word;
        if (matches && length > longest) {
            call.command = &command;
            longest = length;
        }
    }
    call.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(longest), words.end());
    return call;
}

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

int run(tool::Arguments words) {
    if (!words.empty() && words[0] == "help") {  // `fettle help deploy` is `fettle deploy --help`
        words.erase(words.begin());
        words.emplace_back("--help");
    }
    if (words.size() == 1 && is_help(words[0])) {
        print_help(std::cout);
        return 0;
    }
    if (words.size() == 1 && words[0] == "--version") {
        std::cout << "fettle " FETTLE_RELEASE "\n";
        return 0;
    }
    const auto [command, arguments] = find_command(words);
    if (!command) {
        if (words.size() == 2 && is_help(words[1]) && print_commands_of(std::cout, words[0])) return 0;
        report_unknown_command(words);
        return 2;
    }
    if (std::ranges::any_of(arguments, is_help)) {
        print_usage(std::cout, *command);
        return 0;
    }
    try {
        for (const std::string& argument : arguments)
            if (argument.starts_with('-')) throw tool::UsageError("unknown option " + argument);
        if (arguments.size() < command->min_arguments) throw tool::UsageError("an argument is missing");
        if (arguments.size() > command->max_arguments)
            throw tool::UsageError("unknown argument " + arguments[command->max_arguments]);
        if (command->loads_settings) tool::load_settings();
        return command->run(arguments);
    } catch (const tool::UsageError& error) {
        std::cerr << "fettle: " << error.what() << "\n\nUsage: fettle " << synopsis(*command) << "\nRun \"fettle "
                  << command->name << " --help\" for details.\n";
        return 2;
    }
}

}  // namespace

int main(int argc, char** argv) {
    // If a standard stream were closed, the connection to the database would get its descriptor, and our output.
    for (const int fd : {0, 1, 2})
        if (fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return 1;
    std::string reason;
    try {
        const int status = run({argv + 1, argv + argc});
        if (std::cout.flush()) return status;
        reason = "cannot write to standard output";
    } catch (const api::ConnectionLost& lost) {
        reason = std::string("the database does not answer: ") + lost.what() +
                 "\nfettle: check that PostgreSQL runs, and that PGHOST, PGPORT, PGDATABASE and PGUSER are correct "
                 "(fettle settings --help)";
    } catch (const api::Collision& collision) {
        reason = std::string(collision.what()) + "; run the command again";
    } catch (const std::exception& fault) {
        reason = fault.what();
    }
    std::cerr << "fettle: " << reason << '\n';
    return 1;
}
