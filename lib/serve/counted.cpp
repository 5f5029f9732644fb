// Copies the file and checks each slot, because the content of the file may be damaged.
#include "serve/counted.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"
#include "base/text.hpp"

namespace api {

using namespace counters_file;

namespace {

std::string text_of(const Name& words) {
    std::string text(sizeof words, '\0');
    std::memcpy(text.data(), words.data(), sizeof words);
    return text.substr(0, std::min(text.find('\0'), text.size()));
}

bool is_path(std::string_view route) {
    return route[0] == '/' &&
           std::ranges::all_of(route, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

bool is_status(std::string_view text) { return text.size() == 3 && std::ranges::all_of(text, is_digit); }

/// The parts of a slot's name; nothing if the name is not valid.
std::optional<Counted::Requests> parts_of(const std::string& name) {
    const std::size_t first = std::min(name.find(' '), name.size()), last = name.rfind(' ');
    if (last == name.npos || last <= first + 1) return {};
    Counted::Requests parts{
        name.substr(0, first), name.substr(first + 1, last - first - 1), name.substr(last + 1), 0, {}};
    if ((parts.method != "-" && !is_known_method(parts.method)) || (parts.route != "-" && !is_path(parts.route)) ||
        !is_status(parts.status))
        return {};
    return parts;
}

/// The requests of a slot; nothing if the slot is free or its name is not valid.
std::optional<Counted::Requests> requests_of(const File& file, std::size_t slot) {
    std::optional<Counted::Requests> requests;
    if (slot == 0) {
        requests = Counted::Requests{"-", "-", "-", 0, {}};
    } else {
        Name words;
        std::transform(file.slots[slot].name.begin(), file.slots[slot].name.end(), words.begin(),
                       [](const Word& word) { return word.load(); });
        const std::string name = text_of(words);
        if (file.hashes[slot] == hash_of(name)) requests = parts_of(name);
    }
    if (!requests) return {};
    requests->nanoseconds = file.slots[slot].nanoseconds;
    std::copy(file.slots[slot].durations.begin(), file.slots[slot].durations.end(), requests->durations.begin());
    return requests;
}

}  // namespace

std::optional<Counted> read_counters(const std::string& folder, const std::string& handler) {
    const Descriptor fd(
        open((folder + '/' + handler + "/counters").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    // read and not mapped, so that a file that is truncated in the meantime does no harm
    auto bytes = std::make_unique<File>();
    if (fd < 0 || !has_format(fd) || pread(fd, static_cast<void*>(bytes.get()), sizeof(File), 0) != sizeof(File))
        return {};
    const File& file = *bytes;
    Counted counted;
    for (std::size_t i = 0; i < most_slots; ++i)
        if (auto requests = requests_of(file, i)) counted.requests.push_back(std::move(*requests));
    std::ranges::copy(file.totals, counted.totals.begin());
    for (std::size_t i = 0; i < most_processes; ++i) {
        struct flock lock = lock_of(i);
        if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) continue;
        counted.started.push_back(file.processes[i].started);
        counted.in_flight += file.processes[i].in_flight;
    }
    return counted;
}

}  // namespace api
