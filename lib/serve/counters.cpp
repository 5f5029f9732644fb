// Maps the file and adds to its counters. Slots are found by the hash of their name.
#include "serve/counters.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>

#include "serve/counters_file.hpp"

namespace api {

using namespace counters_file;

namespace {

std::string system_error() { return std::strerror(errno); }

/// The first slot that has this hash or is free; the first slot of the file, which has no name, if none is left. A
/// thread or process that finds the hash before the name is written writes the same name.
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
            // the first word is written last, so a reader that sees it sees the other words, too
            for (std::size_t word = name_words; word-- > 0;) slot.name[word].store(words[word]);
        }
        return slot;
    }
    return file.slots[0];
}

}  // namespace

Counters::Counters(const std::string& folder, const std::string& handler) {
    if (!open_file(folder, handler)) {
        why_ = "counters are kept in memory only and are lost when this process ends: " + folder + '/' + handler +
               "/counters: " + system_error();
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
    // locked, so that only one process at a time checks whether the file must be created
    if (inside < 0 || flock(inside, LOCK_EX) != 0) return false;
    fd_ = Descriptor(openat(inside, "counters", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if ((fd_ < 0 || !has_format(fd_)) && !make_file(inside)) return false;
    void* memory = mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (memory == MAP_FAILED) return false;
    file_ = static_cast<File*>(memory);
    return true;
}

/// Replaces the file with a new one. The old file is never truncated, because that would kill a process that has it
/// mapped.
bool Counters::make_file(int folder) {
    fd_ = Descriptor(
        openat(folder, "counters.new", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
    // allocates the blocks now, because writing to a mapped file on a full disk would kill the process, too
    if (fd_ < 0) return false;
    errno = posix_fallocate(fd_, 0, sizeof(File));
    if (errno != 0) return false;
    // regardless of the umask: the handler of the metrics reads the file as a member of the group
    return fchmod(fd_, 0640) == 0 && pwrite(fd_, &format, sizeof format, 0) == sizeof format &&
           renameat(folder, "counters.new", folder, "counters") == 0;
}

void Counters::begin_process() {
    for (std::size_t i = 0; i < most_processes && !process_; ++i) {
        struct flock lock = lock_of(i);
        if (fd_ < 0 || fcntl(fd_, F_OFD_SETLK, &lock) == 0) process_ = i;
    }
    if (process_) {
        Process& process = file_->processes[*process_];
        process.in_flight = 0;  // may be left over from the previous process of this entry
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
    const auto bound = std::ranges::lower_bound(duration_bounds, nanoseconds);
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

}  // namespace api
