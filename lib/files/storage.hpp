// Files that users store: streamed to disk, named by their SHA-256, complete before the row that refers to them.
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
/// The folder of the storage that has the files which are not kept yet.
inline constexpr std::string_view incoming = "incoming";
/// The length of a name in that folder: 16 random bytes in hexadecimal.
inline constexpr std::size_t incoming_name_length = 32;

/// The path inside of the storage of the file with this content: `ab/abcd…`.
inline std::string path_of(std::string_view sha256) {
    return std::string(sha256.substr(0, 2)) + '/' + std::string(sha256);
}
/// True for a name of so many lower-case hexadecimal digits: a storage has no other names.
inline bool is_hex(std::string_view name, std::size_t digits) {
    return name.size() == digits && name.find_first_not_of("0123456789abcdef") == name.npos;
}
/// True for a text that has the form of a SHA-256 in hexadecimal.
inline bool is_sha256(std::string_view text) { return is_hex(text, 64); }

/// SQL of an advisory lock on a content, :sha256, until the transaction ends. Transactions that store the content share
/// `keeping`; the process that removes its file takes `removing`, which excludes all others.
inline constexpr std::string_view keeping = "select pg_advisory_xact_lock_shared(5722, hashtext(:sha256))";
inline constexpr std::string_view removing = "select pg_advisory_xact_lock(5722, hashtext(:sha256))";

}  // namespace storage

/// The facts of a file, computed from its bytes.
struct FileFacts {
    std::string sha256;     ///< 64 hexadecimal digits
    std::int64_t size = 0;  ///< in bytes
    std::string type;       ///< media type without parameters, as libmagic detects it
};

/// A file that is being written to the storage: append() its bytes, finish() it, and keep() it in the transaction that
/// stores its row. A file that is not kept is removed with this object.
/// The functions that the code of every handler calls are virtual: handlers that store no files do not link libmagic.
/// Errors: Problem 507 `no_room` where the disk or the quota of its owner is full, std::runtime_error.
class Incoming {
public:
    /// Makes the file, empty.
    Incoming();
    virtual ~Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    /// Writes the next bytes.
    void append(std::string_view bytes);
    /// How many bytes were written.
    std::int64_t size() const { return facts_.size; }

    /// Ends the file: it is on the disk when this returns.
    const FileFacts& finish();
    /// What finish() has returned.
    const FileFacts& facts() const { return facts_; }
    /// The whole content. Only for files that fit into memory.
    std::string bytes() const;

    /// Moves the file to its path. To be called in the transaction that stores the row, after that statement and before
    /// the commit: there is no row without its file, even if the process is killed in between. A file of equal content
    /// is replaced. A second call does nothing but take the lock.
    virtual void keep(Database& database);

private:
    std::string name_;  ///< in the folder `incoming`; empty once the file is kept
    Descriptor fd_;
    crypto::Sha256 digest_;
    FileFacts facts_;
};

}  // namespace api
