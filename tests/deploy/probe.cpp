// Runs instead of a handler and tries what no handler may do, and what each handler must do: a line for each attempt,
// NAME=errno, or NAME=0 for success.
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

namespace {

void say(const std::string& name, long result) {
    std::fprintf(stderr, "%s=%d\n", name.c_str(), result < 0 ? errno : 0);
    errno = 0;
}

/// Tries to start another program in a child; 0 if it ran.
void try_exec(const std::string& name, const char* path) {
    const pid_t child = fork();
    if (child == 0) {
        execl(path, path, "--version", nullptr);
        _exit(errno);
    }
    int status = 0;
    waitpid(child, &status, 0);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    say(name, errno == 0 ? 0 : -1);
}

void try_read(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char byte;
    struct stat is;
    if (fd >= 0 && fstat(fd, &is) == 0 && S_ISDIR(is.st_mode)) {
        // an empty directory counts as missing
        DIR* names = fdopendir(fd);
        int count = 0;
        while (readdir(names)) ++count;
        closedir(names);
        errno = ENOENT;
        return say("read " + path, count > 2 ? 0 : -1);
    }
    // a file that is mounted for another handler only appears as an empty file
    if (fd >= 0) errno = 0;
    const bool has_bytes = fd >= 0 && read(fd, &byte, 1) == 1;
    if (!has_bytes && errno == 0) errno = ENOENT;
    say("read " + path, has_bytes ? 0 : -1);
    if (fd >= 0) close(fd);
}

void try_write(const std::string& folder) {
    const std::string path = folder + "/probe";
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    say("write " + folder, fd < 0 ? -1 : write(fd, "x", 1));
    if (fd >= 0) close(fd), unlink(path.c_str());
}

void try_socket(const std::string& name, int family, int type) {
    const int fd = socket(family, type, 0);
    say(name, fd);
    if (fd >= 0) close(fd);
}

void try_connect(const char* path) {
    sockaddr_un address{AF_UNIX, {}};
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    say(std::string("connect ") + path, connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
    close(fd);
}

void try_files(const std::string& handler) {
    for (const char* path : {"/etc/passwd",
                             "/etc/shadow",
                             "/etc/fettle",
                             "/home",
                             "/root",
                             "/bin",
                             "/usr/bin",
                             "/var/log",
                             "/var/lib/fettle/storage",
                             "/usr/lib/fettle/handlers/tasks",
                             "/run/fettle",
                             "/run/fettle-metrics/me/counters",
                             "/run/systemd",
                             "/run/dbus",
                             "/sys/kernel/security",
                             "/proc/1/environ",
                             "/proc/kallsyms",
                             "/var/lib/fettle/keys",
                             "/dev/urandom",
                             "/usr/share/misc/magic.mgc"})
        try_read(path);
    for (const char* folder :
         {"/", "/usr", "/etc", "/run", "/run/postgresql", "/var/lib/fettle", "/usr/lib/fettle/handlers", "/dev/shm",
          "/proc/sys/kernel", "/var/lib/fettle/storage", "/tmp", "/var/tmp"})
        try_write(folder);
    try_write("/run/fettle-metrics/" + handler);
    try_write("/run/fettle-metrics");
    DIR* processes = opendir("/proc");
    int others = 0;
    for (const dirent* entry; (entry = readdir(processes));)
        others += std::atoi(entry->d_name) > 0 && std::atoi(entry->d_name) != getpid();
    closedir(processes);
    errno = EPERM;
    say("see other processes", others ? 0 : -1);
}

void try_programs(const std::string& handler) {
    for (const char* path : {"/bin/sh", "/usr/bin/env", "/usr/bin/psql"}) try_exec(std::string("exec ") + path, path);
    for (const std::string& folder : {std::string("/tmp"), std::string("/var/tmp"),
                                      std::string("/var/lib/fettle/storage"), "/run/fettle-metrics/" + handler}) {
        const std::string own = folder + "/own";
        std::ofstream(own) << std::ifstream("/proc/self/exe").rdbuf();
        chmod(own.c_str(), 0700);
        try_exec("exec what it wrote in " + folder, own.c_str());
        if (folder != "/tmp") unlink(own.c_str());
    }
    say("set-uid", chmod("/tmp/own", 04700));
    say("chown", chown("/tmp/own", 0, 0));
}

void try_kernel() {
    const auto map = [](int rights) {
        void* at = mmap(nullptr, 4096, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return at == MAP_FAILED ? nullptr : at;
    };
    say("mmap writable and executable", map(PROT_READ | PROT_WRITE | PROT_EXEC) ? 0 : -1);
    say("mprotect executable", mprotect(map(PROT_READ | PROT_WRITE), 4096, PROT_READ | PROT_EXEC));
    say("ptrace", ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr));
    say("ptrace a child", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
    say("kill", kill(1, 0));
    say("setuid", setuid(0));
    say("setgid", setgid(0));
    say("unshare", unshare(CLONE_NEWUSER));
    say("mount", mount("none", "/tmp", "tmpfs", 0, nullptr));
    say("chroot", chroot("/tmp"));
    say("sethostname", sethostname("x", 1));
    const timespec now{};
    say("clock", clock_settime(CLOCK_REALTIME, &now));
    say("nice", setpriority(PRIO_PROCESS, 0, -5));
    const sched_param first{1};
    say("real time", sched_setscheduler(0, SCHED_FIFO, &first));
    say("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
    say("bpf", syscall(SYS_bpf, 0, nullptr, 0));
    say("perf", syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
    say("io_uring", syscall(SYS_io_uring_setup, 1, nullptr));
    say("module", syscall(SYS_finit_module, 0, "", 0));
    say("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr));
}

}  // namespace

int main(int, char** argv) {
    const std::string path = argv[0], handler = path.substr(path.rfind('/') + 1);
    if (handler == "own") return 0;
    try_files(handler);
    try_programs(handler);
    try_socket("inet", AF_INET, SOCK_STREAM);
    try_socket("inet6", AF_INET6, SOCK_STREAM);
    try_socket("netlink", AF_NETLINK, SOCK_RAW);
    try_socket("packet", AF_PACKET, SOCK_RAW);
    try_connect("/run/postgresql/.s.PGSQL.5432");
    try_connect("/run/fettle/tasks.sock");
    try_connect("/run/systemd/private");
    try_connect("/run/dbus/system_bus_socket");
    try_kernel();
    std::thread([] { say("thread", 0); }).join();
    std::fputs("end=0\n", stderr);
}
