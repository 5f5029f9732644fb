// The file of the counters: slots that are taken once and never given back, found by the hash of their name.
#include "serve/counters.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>

namespace api {

namespace {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8, "several processes share these");

constexpr std::size_t most_slots = 256, most_processes = 16, name_words = 14;
using Name = std::array<std::uint64_t, name_words>;

/// FNV-1a. No hash is 0, which stands for a free slot.
constexpr std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash ? hash : 1;
}

/// Requests of one name: `METHOD /route status`, filled up with zeros.
struct Slot {
    std::array<Word, name_words> name;
    Word nanoseconds;
    std::array<Word, duration_bounds.size() + 1> durations;
};

struct Process {
    Word started;
    Word in_flight;
};

std::string text_of(const Name& words) {
    std::string text(sizeof words, '\0');
    std::memcpy(text.data(), words.data(), sizeof words);
    return text.substr(0, std::min(text.find('\0'), text.size()));
}

std::string system_error() { return std::strerror(errno); }

}  // namespace

struct Counters::File {
    Word format;
    std::array<Process, most_processes> processes;
    std::array<Word, static_cast<std::size_t>(Total::count)> totals;
    std::array<Word, most_slots> hashes;
    std::array<Slot, most_slots> slots;  ///< the first is for what has no room among the others
};

namespace {

using File = Counters::File;

/// What begins a file: another one for each way to lay it out.
constexpr std::uint64_t format = hash_of("fettle counters 1") ^ (sizeof(File) << 8 | duration_bounds.size());

bool is_ours(int fd) {
    struct stat file {};
    std::uint64_t begins = 0;
    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == static_cast<off_t>(sizeof(File)) &&
           pread(fd, &begins, sizeof begins, 0) == sizeof begins && begins == format;
}

/// A lock that ends with the process, however that ends: whoever holds that of an entry lives.
struct flock lock_of(std::size_t process) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(process);
    lock.l_len = 1;
    return lock;
}

/// Takes the first slot that has this hash or is free. Whoever comes between the hash and the name writes the same
/// name.
Slot& slot_of(File& file, std::string_view name) {
    if (name.size() >= sizeof(Name)) return file.slots[0];
    const std::uint64_t hash = hash_of(name);
    for (std::size_t i = 1; i < most_slots; ++i) {
        std::uint64_t found = file.hashes[i].load(std::memory_order_relaxed);
        if (found == 0 && file.hashes[i].compare_exchange_strong(found, hash)) found = hash;
        if (found != hash) continue;
        Slot& slot = file.slots[i];
        if (slot.name[0].load(std::memory_order_relaxed) == 0) {
            Name words{};
            std::memcpy(words.data(), name.data(), name.size());
            // the first word is the last to be written: where it is, the others are
            for (std::size_t word = name_words; word-- > 0;) slot.name[word].store(words[word]);
        }
        return slot;
    }
    return file.slots[0];
}

bool is_known_method(std::string_view method) {
    for (std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
        if (method == known) return true;
    return false;
}

/// The parts of a slot's name; none where it is no name of ours.
std::optional<Counted::Requests> parts_of(const std::string& name) {
    const std::size_t first = std::min(name.find(' '), name.size()), last = name.rfind(' ');
    if (last == name.npos || last <= first + 1) return {};
    Counted::Requests parts{
        name.substr(0, first), name.substr(first + 1, last - first - 1), name.substr(last + 1), 0, {}};
    const bool is_path = parts.route[0] == '/' && std::all_of(parts.route.begin(), parts.route.end(), [](char c) {
                             return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
                         });
    const bool is_status = parts.status.size() == 3 && std::all_of(parts.status.begin(), parts.status.end(),
                                                                   [](char c) { return c >= '0' && c <= '9'; });
    if ((parts.method != "-" && !is_known_method(parts.method)) || (parts.route != "-" && !is_path) || !is_status)
        return {};
    return parts;
}

}  // namespace

Counters::Counters(const std::string& folder, const std::string& handler) {
    if (!open_file(folder, handler)) {
        why_ = "nothing is counted beyond this process: " + folder + '/' + handler + "/counters: " + system_error();
        fd_ = Descriptor();
        void* memory = mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        file_ = static_cast<File*>(memory);
    }
    begin_process();
}

Counters::~Counters() { munmap(file_, sizeof(File)); }

bool Counters::open_file(const std::string& folder, const std::string& handler) {
    std::error_code error;
    std::filesystem::create_directory(folder, error);
    const std::string path = folder + '/' + handler;
    if (mkdir(path.c_str(), 0750) == 0 && chmod(path.c_str(), 0750) != 0) return false;
    const Descriptor inside(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    // one process at a time looks whether it must be made
    if (inside < 0 || flock(inside, LOCK_EX) != 0) return false;
    fd_ = Descriptor(openat(inside, "counters", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd_ < 0 || !is_ours(fd_)) {
        // never the same file made shorter or empty: a process that has it mapped would die of that
        fd_ = Descriptor(
            openat(inside, "counters.new", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
        // with its room: writing to a mapped file for which there is none kills, too
        if (fd_ < 0 || (errno = posix_fallocate(fd_, 0, sizeof(File))) != 0) return false;
        // whatever the umask: the handler that shows them is one of the group
        if (fchmod(fd_, 0640) != 0 || pwrite(fd_, &format, sizeof format, 0) != sizeof format ||
            renameat(inside, "counters.new", inside, "counters") != 0)
            return false;
    }
    void* memory = mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (memory == MAP_FAILED) return false;
    file_ = static_cast<File*>(memory);
    return true;
}

void Counters::begin_process() {
    for (std::size_t i = 0; i < most_processes && !process_; ++i) {
        struct flock lock = lock_of(i);
        if (fd_ < 0 || fcntl(fd_, F_OFD_SETLK, &lock) == 0) process_ = i;
    }
    if (process_) {
        Process& process = file_->processes[*process_];
        process.in_flight = 0;  // of whoever had this entry before
        process.started = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count());
    }
    add(Total::starts, 1);
}

void Counters::count(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took) {
    std::string name(is_known_method(method) ? method : "-");
    name.append(" ").append(route).append(" ").append(std::to_string(status));
    Slot& slot = slot_of(*file_, name);
    const std::uint64_t nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    const auto bound = std::lower_bound(duration_bounds.begin(), duration_bounds.end(), nanoseconds);
    slot.durations[static_cast<std::size_t>(bound - duration_bounds.begin())].fetch_add(1, std::memory_order_relaxed);
    slot.nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
}

void Counters::add(Total total, std::uint64_t number) {
    if (number > 0) file_->totals[static_cast<std::size_t>(total)].fetch_add(number, std::memory_order_relaxed);
}

void Counters::in_flight(int change) {
    if (process_)
        file_->processes[*process_].in_flight.fetch_add(static_cast<std::uint64_t>(std::int64_t{change}),
                                                        std::memory_order_relaxed);
}

std::optional<Counted> read_counters(const std::string& folder, const std::string& handler) {
    const Descriptor fd(
        open((folder + '/' + handler + "/counters").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    // read and not mapped: a file that becomes shorter meanwhile is no harm
    auto bytes = std::make_unique<File>();
    if (fd < 0 || !is_ours(fd) || pread(fd, static_cast<void*>(bytes.get()), sizeof(File), 0) != sizeof(File))
        return {};
    const File& file = *bytes;
    Counted counted;
    for (std::size_t i = 0; i < most_slots; ++i) {
        Name words;
        std::transform(file.slots[i].name.begin(), file.slots[i].name.end(), words.begin(),
                       [](const Word& word) { return word.load(); });
        const std::string name = i == 0 ? "- - -" : text_of(words);
        auto requests = i == 0 ? Counted::Requests{"-", "-", "-", 0, {}} : parts_of(name);
        if (i > 0 && file.hashes[i] != hash_of(name)) continue;
        if (!requests) continue;
        requests->nanoseconds = file.slots[i].nanoseconds;
        std::copy(file.slots[i].durations.begin(), file.slots[i].durations.end(), requests->durations.begin());
        counted.requests.push_back(std::move(*requests));
    }
    std::copy(file.totals.begin(), file.totals.end(), counted.totals.begin());
    for (std::size_t i = 0; i < most_processes; ++i) {
        struct flock lock = lock_of(i);
        if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) continue;
        counted.started.push_back(file.processes[i].started);
        counted.in_flight += file.processes[i].in_flight;
    }
    return counted;
}

}  // namespace api
