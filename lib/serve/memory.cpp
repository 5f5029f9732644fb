// Uses malloc's parameters and madvise.
#include "serve/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace api {

namespace {

// defined by the linker: where the program begins, and where its code ends
extern "C" const char __executable_start, etext;

}  // namespace

void limit_heap() {
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_ARENA_MAX, 2);
}

[[gnu::hot]] void release_memory() {
    malloc_trim(0);
    // nothing between these addresses was ever written to: relocations are after them
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) & ~(page - 1),
               end = reinterpret_cast<std::uintptr_t>(&etext) & ~(page - 1);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the beginning of a page is computed
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace api
