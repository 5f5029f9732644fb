// Keeps the memory of a handler small.
#pragma once

namespace api {

/// Sets malloc up to return what a burst needed: large blocks are mapped on their own (the 19 MiB of an Argon2 hash
/// must not stay in the heap), and the workers share two arenas. To be called before the first thread.
void limit_heap();

/// Returns to the kernel what an idle handler does not need: the free parts of its heap, its code and constants, which
/// are read again from the file (from the page cache) when it runs. What runs while a handler is idle is marked
/// gnu::hot: the linker puts it together, so that it brings back few pages. The kernel maps 64 KiB around each: 31 idle
/// handlers took 2 MB more where these functions lay apart.
void release_memory();

}  // namespace api
