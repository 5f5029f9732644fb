// Keeps the memory of a handler small.
#pragma once

namespace api {

/// Configures malloc so that memory is returned after a burst of requests: large blocks are mapped separately (the 19
/// MiB of an Argon2 hash must not stay in the heap), and the workers share two arenas. Must be called before the first
/// thread starts.
void limit_heap();

/// Returns memory to the kernel that an idle handler does not need: the free parts of its heap, and its code and
/// constants, which are read again from the file (from the page cache) when they are needed. Functions that run while a
/// handler is idle are marked gnu::hot. The linker places them next to each other, so that they bring back few pages.
/// The kernel maps 64 KiB around each page: 31 idle handlers took 2 MB more when these functions were scattered.
void release_memory();

}  // namespace api
