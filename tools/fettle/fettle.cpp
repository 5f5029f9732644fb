// The program fettle: finds the command, prints help, and reports errors.
#include <fcntl.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "command_table.hpp"
#include "errors.hpp"
#include "settings_file.hpp"
#include "sql/database.hpp"

namespace {

using tool::Command;

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
    for (const Command& command : tool::all_commands()) {
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
    for (const Command& command : tool::all_commands()) {
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
    for (const Command& command : tool::all_commands()) {
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
    for (const Command& command : tool::all_commands()) {
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
