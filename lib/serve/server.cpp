// Parses the options of a handler and prints its help.
#include "serve/server.hpp"

#include <exception>
#include <iostream>
#include <string_view>

#include "base/keys.hpp"
#include "base/log.hpp"
#include "base/settings.hpp"
#include "serve/check.hpp"
#include "serve/describe.hpp"
#include "serve/process.hpp"

namespace api {

namespace {

void print_help(std::ostream& out, const Handler& handler) {
    out << "usage: " << handler.name() << " [--describe | --sql | --check | --help]\n\n"
        << "Serves FastCGI requests on the socket that is passed as standard input. If standard input is not a\n"
           "socket, it answers one CGI request.\n"
        << "  --describe  print routes, permissions, schemas and statements as JSON\n"
        << "  --sql       print the SQL statements of every endpoint, as they are sent\n"
        << "  --check     plan every statement on the database, with the role of the connection, and read\n"
           "              the keys; print the errors; exit status 1 if there are any. GET /_check on the\n"
           "              socket makes the same checks\n"
        << "  --help      print this text\n\nEndpoints:\n";
    for (const CompiledEndpoint& endpoint : handler.endpoints())
        out << "  " << endpoint.operation.spec.route << "\n      " << endpoint.operation.spec.summary << '\n';
    out << "\nSettings (environment):\n";
    for (const SettingLine& line : setting_lines())
        out << "  " << line.name << (*line.initial ? std::string(" (") + line.initial + ")" : "") << "\n      "
            << line.meaning << '\n';
}

/// Runs --check. Returns 1 if a statement or the keys have an error.
int run_check(const Handler& handler) {
    Database database(handler.name(), true);
    const std::vector<std::string> faults = check(handler, database);
    for (const std::string& fault : faults) log_line(handler.name(), "check failed: " + fault);
    return faults.empty() ? 0 : 1;
}

int run(const Handler& handler, int argc, char** argv) {
    settings();
    if (argc == 1) {
        try {
            keys();  // creates them at the first start
        } catch (const std::exception& fault) {
            // access tokens are refused until the keys are repaired; other tokens need no keys
            log_line(handler.name(), fault.what());
        }
        return serve(handler);
    }
    const std::string_view option = argv[1];
    if (option == "--describe" && argc == 2) {
        std::cout << describe(handler) << '\n';
        return 0;
    }
    if (option == "--sql" && argc == 2) {
        std::cout << readable_sql(handler);
        return 0;
    }
    if (option == "--check" && argc == 2) return run_check(handler);
    const bool is_help = option == "--help";
    print_help(is_help ? std::cout : std::cerr, handler);
    return is_help ? 0 : 2;
}

}  // namespace

Program::Program(int count, std::source_location where) : argument_count(count) {
    const std::string_view file = where.file_name();
    const std::size_t start = file.rfind('/') + 1;
    name = file.substr(start, file.rfind('.') - start);
}

int serve(const Program& program, char** argv, std::vector<CompiledEndpoint> endpoints) {
    Handler handler(program.name, std::move(endpoints));
    try {
        return run(handler, program.argument_count, argv);
    } catch (const DatabaseError& error) {
        log_line(handler.name(), std::string("database: ") + error.what());
    } catch (const std::exception& fault) {
        log_line(handler.name(), fault.what());
    }
    return 1;
}

}  // namespace api
