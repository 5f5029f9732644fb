// Uses malloc's parameters and madvise(2).
#include "serve/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace api {

namespace {

/// Drops the pages of the program's segments that were never written to: headers, code and constants. What the loader
/// has relocated is in segments that can be written. Called by dl_iterate_phdr(3), which begins with the program
/// itself; libraries are shared by all handlers.
[[gnu::hot]] int drop_read_only(dl_phdr_info* program, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < program->dlpi_phnum; ++i) {
        const auto& segment = program->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = (program->dlpi_addr + segment.p_vaddr) & ~(page - 1),
                             end = (program->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the beginning of a page is computed
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 1;  // not the libraries
}

}  // namespace

void limit_heap() {
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_ARENA_MAX, 2);
}

[[gnu::hot]] void release_memory() {
    malloc_trim(0);
    dl_iterate_phdr(drop_read_only, nullptr);
}

}  // namespace api
