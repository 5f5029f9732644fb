// Stored files: streamed to disk and named by their SHA-256. A file is complete before a row refers to it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/descriptor.hpp"

namespace api {

class Database;

namespace storage {

/// The media type of a file whose type is unknown (RFC 2046 4.5.1).
inline constexpr std::string_view unknown_type = "application/octet-stream";
/// The folder inside the storage for files that are still being uploaded.
inline constexpr std::string_view incoming = "incoming";
/// The length of a file name in that folder: 16 random bytes in hexadecimal.
inline constexpr std::size_t incoming_name_length = 32;

/// The path, inside the storage, of the file with this SHA-256: `ab/abcd…`.
inline std::string path_of(std::string_view sha256) {
    return std::string(sha256.substr(0, 2)) + '/' + std::string(sha256);
}
/// True if the name has exactly this many lower-case hexadecimal digits. The storage has no other names.
inline bool is_hex(std::string_view name, std::size_t digits) {
    return name.size() == digits && name.find_first_not_of("0123456789abcdef") == name.npos;
}
/// True if the text has the form of a SHA-256 in hexadecimal.
inline bool is_sha256(std::string_view text) { return is_hex(text, 64); }

/// SQL that takes an advisory lock on the content :sha256 until the transaction ends. Transactions that store this
/// content share the lock `keeping`; the process that removes the file takes the exclusive lock `removing`.
inline constexpr std::string_view keeping = "select pg_advisory_xact_lock_shared(5722, hashtext(:sha256))";
inline constexpr std::string_view removing = "select pg_advisory_xact_lock(5722, hashtext(:sha256))";

}  // namespace storage

/// Facts about a file, computed from its bytes.
struct FileFacts {
    std::string sha256;     ///< 64 hexadecimal digits
    std::int64_t size = 0;  ///< in bytes
    std::string type;       ///< media type without parameters, detected by libmagic
};

/// A file that is being written to the storage: append() its bytes, finish() it, and keep() it in the transaction that
/// stores its row. If the file was not kept, the destructor removes it.
/// The functions that the code of every handler calls are virtual, so that handlers without uploads do not link
/// libmagic. Errors: Problem 507 `no_room` if the disk or the file system quota is full; std::runtime_error.
class Incoming {
public:
    /// Creates the empty file.
    Incoming();
    virtual ~Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    /// Writes the next bytes.
    void append(std::string_view bytes);
    /// The number of bytes written so far.
    std::int64_t size() const { return facts_.size; }

    /// Completes the file. All of it is on the disk when this function returns.
    const FileFacts& finish();
    /// The result of finish().
    const FileFacts& facts() const { return facts_; }
    /// The whole content. Use it only for files that fit into memory.
    std::string bytes() const;

    /// Moves the file to its path. Call it in the transaction that stores the row, after that statement and before the
    /// commit: then no row exists without its file, even if the process is killed in between. A file with the same
    /// content is replaced. A second call only takes the lock.
    virtual void keep(Database& database);

private:
    std::string name_;  ///< in the folder `incoming`; empty once the file is kept
    Descriptor fd_;
    crypto::Sha256 digest_;
    FileFacts facts_;
};

}  // namespace api
