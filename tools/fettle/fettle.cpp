// The program fettle: the table of its commands, their help, and how an error is reported.
#include <fcntl.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "errors.hpp"
#include "settings_file.hpp"
#include "sql/database.hpp"

namespace {

struct Command {
    const char* name;
    const char* arguments;
    const char* summary;
    const char* details;  ///< the text of --help
    std::size_t min_arguments, max_arguments;
    int (*run)(const tool::Arguments&);
    bool loads_settings = true;  ///< before it runs
};

/// In the order in which a new administrator needs them.
constexpr Command commands[] = {
    {"migrate", "[keep-grants]", "Bring the database up to date.",
     "Applies the migrations of sql/tables that the database has not seen, re-creates functions and triggers, and\n"
     "stores the permissions that the handlers ask for and what their roles may do, all in one transaction. With\n"
     "keep-grants no role loses anything, for handlers of the release before that serve still. Needs the owner of\n"
     "the database. A second one at the same time waits 10 seconds, then gives up.",
     0, 1, tool::migrate},
    {"roles", "", "Make sure of the built-in roles and the permissions.",
     "Makes the roles employee, manager and administrator where they are missing, makes the table of\n"
     "permissions that of this release, and gives administrator all of them. What was taken from another\n"
     "role stays taken. Prints what is new, and each role with its number of permissions.",
     0, 0, tool::roles},
    {"superuser", "USERNAME [EMAIL]", "Make somebody superuser.",
     "Promotes the account of that name, whatever its capitals, and activates it; no password is asked for.\n"
     "Where there is none, EMAIL creates it with the role employee. Its password is asked for twice on a\n"
     "terminal, without echo; else it is the first line of standard input.",
     1, 2, tool::superuser},
    {"password", "USERNAME", "Give an account a new password.",
     "The password is asked for twice on a terminal, without echo; else it is the first line of standard\n"
     "input. Ends all sessions of the account, not its personal access tokens, and forgets failed logins.",
     1, 1, tool::password},
    {"doctor", "", "Look whether everything is as it must be.",
     "One line for each finding, with ok, warn or FAIL in front: settings, keys, storage, disk, time, sockets,\n"
     "handlers, nginx, database, messages, migrations, clock, permissions, grants, superusers, connections, audit.\n"
     "Each handler is asked whether it fits, which starts those that are idle. Changes nothing, ends within a minute.\n"
     "Run it as root: only root and nginx may connect to the handlers' sockets. Exit status 1 where a line says FAIL.",
     0, 0, tool::doctor, false},
    {"deploy", "HANDLER [FILE]", "Put another binary of one handler in its place, and lose no request.",
     "FILE, build/handlers/HANDLER in this folder where it is not named, must say that it is that handler, and fit\n"
     "the database and the keys as the user that the handler runs as. It is then renamed into place, the service is\n"
     "restarted (its socket never: who connects meanwhile waits), and must answer within 10 seconds that it is well;\n"
     "else the former one comes back, and standard error says why. Signals wait until one of the two serves. One\n"
     "deployment at a time; needs root, and a handler that is installed and listens.",
     1, 2, tool::deploy, false},
    {"rollback", "HANDLER", "Put the former binary of one handler back.",
     "The one that served before the last `fettle deploy`, by the same steps; what it replaces becomes the former\n"
     "one, so that a second rollback takes the first one back. Another release, installed as a whole, is not\n"
     "rolled back in this way.",
     1, 1, tool::rollback, false},
    {"settings", "", "Print all settings, as a file of settings to edit.",
     "Each with its meaning, as a comment, and its default. Reads nothing: what is in force, `doctor` tells. The\n"
     "file /etc/fettle/fettle.env of an installation begins as this.",
     0, 0, tool::settings, false},
    {"keys", "", "List the keys that tokens and URLs of files are signed with.",
     "One line for each: what it is for, its id, when it was made, and whether it signs or only verifies what\n"
     "it has signed before. Never shows a key. Makes the file where there is none.",
     0, 0, tool::keys},
    {"keys rotate", "", "Put a new key in front for each use.",
     "It signs from the next request on; older keys verify what they have signed until that has run out, and\n"
     "leave the file with a later rotation. Sessions go on, and so do URLs of files.",
     0, 0, tool::keys_rotate},
    {"audit seal", "", "Link new rows of the audit trail to its chain.",
     "Prints `sealed N rows; head POSITION HASH`. Compare a copy of that line that is kept elsewhere with\n"
     "`audit verify POSITION:HASH`. The timer fettle-audit-seal runs it each minute. Writers do not wait for it.",
     0, 0, tool::audit_seal},
    {"audit verify", "[POSITION:HASH]", "Find what was changed behind the audit trail's back.",
     "Seals, then follows the chain from its beginning. Exit status 1 names the first row that was changed,\n"
     "added or removed. With POSITION:HASH the link at that position must have that hash as well: a trail whose\n"
     "end was cut off together with its links, or whose chain was made anew, shows in no other way.",
     0, 1, tool::audit_verify},
    {"schedules run", "", "Make the work orders that are due.",
     "One for each schedule of preventive maintenance whose day has come, less its lead, or whose hours the\n"
     "meter shows; not for retired equipment, and not before the order that it made last has ended. Several at\n"
     "once make each order once. Prints how many. The timer fettle-schedules runs it each hour.",
     0, 0, tool::schedules_run},
    {"sweep", "", "Remove what is of no use any more.",
     "Sessions and tokens that ended more than 30 days ago; failed logins, and answers kept for an\n"
     "Idempotency-Key, of more than 24 hours ago, at most 1,000 in a transaction; stored files that are older than\n"
     "an hour and that no document and no profile speaks of. The audit trail loses nothing. Prints how many of\n"
     "each, and names the documents and profiles whose file is missing: then the exit status is 1. The timer\n"
     "fettle-sweep runs it each day.",
     0, 0, tool::sweep},
    {"example", "[if-empty]", "Fill an empty Fettle with an example to look around in.",
     "A workshop that has used Fettle for a year: people, equipment, meter readings, schedules, work orders and\n"
     "their records, tasks. Prints the password of all these people, made anew, and some of their names. Where\n"
     "there is equipment, or an account beside one superuser's, it refuses and changes nothing; with if-empty\n"
     "that is no failure. Not for a Fettle that is to be used: nothing takes the example out again.",
     0, 1, tool::example},
};

constexpr const char* statuses =
    "Exit status: 0 done, 1 it could not be done and the reason is on standard error, 2 wrong usage.\n";

/// The command with the names of its arguments.
std::string synopsis(const Command& command) {
    return std::string(command.name) + (*command.arguments ? " " : "") + command.arguments;
}

void print_usage(std::ostream& out, const Command& command) {
    out << "Usage: fettle " << synopsis(command) << "\n\n" << command.details << "\n\n" << statuses;
}

void print_help(std::ostream& out) {
    // in the format that help2man(1) parses
    out << "Usage: fettle COMMAND [ARGUMENT]...\n"
           "  or:  fettle COMMAND --help\n\n"
           "Runs what Fettle needs beside its API. Every command is safe to repeat.\n\n";
    for (const Command& command : commands)
        out << "  " << std::left << std::setw(30) << synopsis(command) << command.summary << '\n';
    out << "\nSettings are environment variables, read as well from the file FETTLE_ENV, else $DATA/env, else\n"
           "build/run/env beside a built fettle, else /etc/fettle/fettle.env; what the environment says stands.\n"
           "The database is the one that PGHOST, PGPORT, PGDATABASE and PGUSER name; root becomes the user PGUSER\n"
           "where the database lets in only that one. Only this command reads\n"
           "  FETTLE_SOCKETS  the folder of the handlers' sockets (default /run/fettle)\n"
           "  FETTLE_SQL      another folder with tables/, functions/, grants.sql and example.sql\n\n"
        << statuses;
}

/// The command with the longest name that the words begin with, else null. The words after it become its arguments.
const Command* find_command(const tool::Arguments& words, tool::Arguments& arguments) {
    const Command* found = nullptr;
    std::size_t longest = 0;
    for (const Command& command : commands) {
        std::istringstream name(command.name);
        std::size_t length = 0;
        bool matches = true;
        for (std::string word; name >> word; ++length)
            matches = matches && length < words.size() && words[length] == word;
        if (matches && length > longest) {
            found = &command;
            longest = length;
        }
    }
    arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(longest), words.end());
    return found;
}

int run(const tool::Arguments& words) {
    const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
    if (words.size() == 1 && (is_help(words[0]) || words[0] == "help")) {
        print_help(std::cout);
        return 0;
    }
    tool::Arguments arguments;
    const Command* command = find_command(words, arguments);
    if (!command) {
        std::cerr << "fettle: " << (words.empty() ? "which command?" : "there is no command " + words[0]) << "\n\n";
        print_help(std::cerr);
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
        std::cerr << "fettle: " << error.what() << "\n\n";
        print_usage(std::cerr, *command);
        return 2;
    }
}

}  // namespace

int main(int argc, char** argv) {
    // If a standard stream is closed, the connection to the database would get its descriptor and our output.
    for (const int fd : {0, 1, 2})
        if (fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return 1;
    std::string reason;
    try {
        const int status = run({argv + 1, argv + argc});
        if (std::cout.flush()) return status;
        reason = "cannot write to standard output";
    } catch (const api::ConnectionLost& lost) {
        reason = std::string("the database does not answer: ") + lost.what();
    } catch (const api::Collision& collision) {
        reason = std::string(collision.what()) + "; try again";
    } catch (const std::exception& fault) {
        reason = fault.what();
    }
    std::cerr << "fettle: " << reason << '\n';
    return 1;
}
