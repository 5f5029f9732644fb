// Limits and releases memory with mallopt(3), malloc_trim(3) and madvise(2).
#include "serve/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace api {

namespace {

/// Drops the pages of the program's read-only segments: headers, code and constants. Data that the loader has relocated
/// are in writable segments, which are kept. Called by dl_iterate_phdr(3), which begins with the program itself.
/// Libraries are skipped, because all handlers share them.
[[gnu::hot]] int drop_read_only(dl_phdr_info* program, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < program->dlpi_phnum; ++i) {
        const auto& segment = program->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = (program->dlpi_addr + segment.p_vaddr) & ~(page - 1),
                             end = (program->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the start of the page is computed as a number
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 1;  // stops the iteration before the libraries
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
