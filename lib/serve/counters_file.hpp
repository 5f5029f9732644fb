// The layout of the file in which a handler keeps its counters, shared by its writers and readers.
#pragma once
#include <fcntl.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace api {

/// The upper bounds of the histogram buckets for the duration of a request, in nanoseconds. One more bucket is for
/// longer requests.
inline constexpr std::array<std::uint64_t, 14> duration_bounds = {
    1'000'000,   2'500'000,   5'000'000,     10'000'000,    25'000'000,    50'000'000,     100'000'000,
    250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 30'000'000'000};
/// The number of requests in each bucket.
using Durations = std::array<std::uint64_t, duration_bounds.size() + 1>;

/// Totals that are counted in addition to requests.
enum class Total { starts, database_nanoseconds, database_statements, connections_lost, lines_lost, count };
/// The value of each Total.
using Totals = std::array<std::uint64_t, static_cast<std::size_t>(Total::count)>;

namespace counters_file {

/// A number to which several processes add.
using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8, "several processes share these");

/// The most slots and the most processes that the file of one handler can have, and the length of a name in words.
inline constexpr std::size_t most_slots = 256, most_processes = 16, name_words = 14;
/// The text of a name, padded with zeros.
using Name = std::array<std::uint64_t, name_words>;

/// The requests with one name, `METHOD /route status`. A slot is taken once and never freed.
struct Slot {
    std::array<Word, name_words> name;
    Word nanoseconds;
    std::array<Word, duration_bounds.size() + 1> durations;
};

/// A process of the handler. It holds the lock on its entry as long as it runs.
struct Process {
    Word started;  ///< in milliseconds since 1970
    Word in_flight;
};

/// The whole file.
struct File {
    Word format;
    std::array<Process, most_processes> processes;
    std::array<Word, static_cast<std::size_t>(Total::count)> totals;
    std::array<Word, most_slots> hashes;  ///< of the name of each slot; 0 means free
    std::array<Slot, most_slots> slots;   ///< the first slot counts requests for which no other slot is free
};

/// FNV-1a of 64 bits (draft-eastlake-fnv). The result is never 0, which marks a free slot.
constexpr std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash ? hash : 1;
}

/// The first word of the file. It differs for each layout.
inline constexpr std::uint64_t format = hash_of("fettle counters 1") ^ (sizeof(File) << 8 | duration_bounds.size());

/// Whether a descriptor is a regular file of this layout.
bool has_format(int fd);

/// The lock on a process's entry, for F_OFD_SETLK and F_OFD_GETLK. The kernel releases it when the process ends for any
/// reason.
struct flock lock_of(std::size_t process);

/// Whether a method is counted under its own name: the methods of RFC 9110 that HTTP APIs use, and PATCH (RFC 5789).
bool is_known_method(std::string_view method);

}  // namespace counters_file
}  // namespace api
