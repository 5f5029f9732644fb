// fettle deploy and fettle rollback: install another program of one handler, or its previous one, and lose no request.
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <ctime>
#include <iostream>

#include "blocked_signals.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "program_files.hpp"
#include "program_swap.hpp"
#include "service.hpp"
#include "subprocess.hpp"
#include "temp_file.hpp"
#include "text.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Throws UsageError if this cannot be the name of a handler, and UserError if the user is not root.
void check_arguments(const std::string& handler) {
    constexpr std::size_t max_length = 24;  // with the prefix fettle_ it is the name of a system user
    const bool is_name = !handler.empty() && handler.size() <= max_length && handler[0] >= 'a' && handler[0] <= 'z' &&
                         std::ranges::all_of(handler, [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                         });
    if (!is_name) throw UsageError("'" + handler + "' is not the name of a handler");
    if (geteuid() != 0) throw UserError("only root can replace a handler; run this command as root");
}

/// Locks the folder of the handlers while the descriptor is open: one deployment at a time, of any handler.
api::Descriptor lock_folder(const fs::path& folder) {
    api::Descriptor fd = open_directory(folder, "cannot open");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        throw UserError("another deployment is running; try again when it has finished");
    return fd;
}

/// A program that is to be installed, and the file that the user has named; messages show that name.
struct Candidate {
    fs::path program, named;
};

/// Runs the candidate with one option, as the user and with the settings of the service.
ProcessResult run_candidate(const Candidate& candidate, const char* option, const Service& service,
                            const BlockedSignals& signals) {
    ProcessResult result = run({.program = candidate.program,
                                .arguments = {service.handler, option},
                                .time_limit = std::chrono::seconds(30),
                                .user = service.user,
                                .environment = service.environment,
                                .cancelled_by = &signals});
    if (signals.came()) throw UserError("interrupted by a signal; nothing was changed");
    if (!result.in_time)
        throw UserError(candidate.named.string() + ' ' + option +
                        " does not end within 30 seconds, or writes too much; nothing was changed");
    return result;
}

/// Throws UserError if the candidate is not this handler, or does not fit the database and the keys.
void check_candidate(const Candidate& candidate, const Service& service, const BlockedSignals& signals) {
    const std::string file = candidate.named.string();
    const ProcessResult description = run_candidate(candidate, "--describe", service, signals);
    boost::system::error_code parse_error;
    const boost::json::value value = boost::json::parse(description.output, parse_error);
    const boost::json::object* object = value.if_object();
    const boost::json::value* name = object ? object->if_contains("handler") : nullptr;
    if (!description.succeeded() || parse_error || !name || !name->is_string())
        throw UserError(file + " is not a handler: --describe ended with " + describe_status(description.status) +
                        (description.succeeded() ? " and printed no description" : "") + "; nothing was changed" +
                        (description.succeeded() ? "" : "\n" + trim_newlines(description.output)));
    if (name->get_string() != service.handler)
        throw UserError(file + " is the handler " + std::string(name->get_string()) + ", not " + service.handler +
                        "; nothing was changed");
    const ProcessResult check = run_candidate(candidate, "--check", service, signals);
    if (!check.succeeded())
        throw UserError(file + " does not fit the database or the keys, as the user " + service.user.name +
                        "; nothing was changed. --check ended with " + describe_status(check.status) + ":\n" +
                        trim_newlines(check.output));
}

/// The time since then as `1.2 s`.
std::string seconds_since(Clock::time_point start) {
    return format_decimal(std::chrono::duration<double>(Clock::now() - start).count()) + " s";
}

/// Restarts the service. An exception becomes the fault of the result.
RestartResult try_restart(const Service& service, const BlockedSignals* cancelled_by) {
    try {
        return service.restart(cancelled_by);
    } catch (const std::exception& error) {
        return {std::string("could not be restarted: ") + error.what()};
    }
}

/// Restores the previous program after a failed restart. `swap` is null if the same program was restarted; then there
/// is none to restore. Always throws UserError.
[[noreturn]] void revert(const Service& service, const RestartResult& failed, ProgramSwap* swap,
                         long long restarted_at) {
    const auto start = Clock::now();
    const std::string journal = service.journal(restarted_at);
    if (swap) swap->revert();
    service.reset(failed.is_unresponsive);
    const RestartResult result = try_restart(service, nullptr);
    std::string message = "the new " + service.handler + ' ' + failed.fault;
    if (!swap)
        message += "; this binary was already installed, so there is no previous one to restore";
    else if (result.fault.empty())
        message += "; the previous binary was restored, and is healthy after " + seconds_since(start);
    else
        message += "; the previous binary was restored, but " + result.fault + "; run `fettle doctor`";
    if (!journal.empty()) message += ". Its journal:\n" + trim_newlines(journal);
    throw UserError(message);
}

/// Installs a file, or the previous program if `file` is null, and waits until the handler is healthy.
void install(const std::string& handler, const fs::path* file) {
    const BlockedSignals signals;
    const Service service(handler);
    const fs::path folder = service.program.parent_path();
    const api::Descriptor lock = lock_folder(folder);
    ProgramSwap swap(service.program);
    const fs::path& source = file ? *file : swap.former();
    if (!file && !fs::exists(source))
        throw UserError("there is no previous binary of " + handler +
                        "; `fettle deploy` keeps the one that it replaces, an upgrade deletes it");
    const TempFile copy(folder / ('.' + handler + ".new"));
    copy_program(source, copy.path);
    check_candidate({copy.path, source}, service, signals);

    const auto start = Clock::now();
    const long long restarted_at = std::time(nullptr);
    const bool is_other = !have_same_bytes(copy.path, service.program);
    if (is_other) swap.install(copy.path);
    const RestartResult result = try_restart(service, &signals);
    if (!result.fault.empty()) revert(service, result, is_other ? &swap : nullptr, restarted_at);
    if (is_other) swap.commit();
    const char* done = !is_other ? " has this binary already, and was restarted"
                       : file    ? " was deployed"
                                 : " has its previous binary again";
    std::cout << handler << done << "; it is healthy after " << seconds_since(start) << '\n';
    if (!file && is_other) std::cout << "run `fettle rollback " << handler << "` again to undo this\n";
}

}  // namespace

int deploy(const Arguments& arguments) {
    const std::string& handler = arguments[0];
    check_arguments(handler);
    const fs::path file = arguments.size() > 1 ? fs::path(arguments[1]) : fs::path("build/handlers") / handler;
    if (arguments.size() == 1 && !fs::exists(file))
        throw UsageError("there is no " + file.string() + " in this directory; name the file after the handler");
    install(handler, &file);
    return 0;
}

int rollback(const Arguments& arguments) {
    check_arguments(arguments[0]);
    install(arguments[0], nullptr);
    return 0;
}

}  // namespace tool
