// A handler that is healthy until it has to serve: the installed handler answers --describe and --check.
//
// What it does when it serves is compiled in: ENDS exits with that status, DIES raises that signal, FAULTS answers
// every request with an error, SILENT does not answer: 1 accepts nothing, 2 accepts connections. Only FAULTS obeys
// SIGTERM.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    if (argc > 1) {
        const std::string name = argv[0];
        execv(("/usr/lib/fettle/handlers/" + name.substr(name.rfind('/') + 1)).c_str(), argv);
        return 1;
    }
    std::cerr << "this one is broken\n";
#if defined ENDS
    return ENDS;
#elif defined DIES
    raise(DIES);
#elif defined FAULTS
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK);
    const std::string body = R"({"handler":"task_status","pid":1,"database":true,"faults":["oil is missing"]})",
                      answer = "Status: 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n" + body,
                      head{1, 6, 0, 1, 0, static_cast<char>(answer.size()), 0, 0}, end{1, 3, 0, 1, 0, 8, 0, 0};
    const std::string bytes = head + answer + end + std::string(8, '\0');
    for (int peer; (peer = accept(0, nullptr, nullptr)) >= 0; close(peer)) {
        char asked[65536];
        if (read(peer, asked, sizeof asked) > 0) send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
#else
    std::signal(SIGTERM, SIG_IGN);
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK);
    while (SILENT == 2 && accept(0, nullptr, nullptr) >= 0) continue;
    while (true) pause();
#endif
}
