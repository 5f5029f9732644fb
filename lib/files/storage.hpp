// Files that people store: streamed to disk, named by their SHA-256, there before the row that speaks of them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/descriptor.hpp"

namespace api {

class Database;

namespace storage {

/// The type of a file that nothing more is known about (RFC 2046 4.5.1).
inline constexpr std::string_view unknown_type = "application/octet-stream";
/// The folder inside of the storage in which files lie until they are kept.
inline constexpr std::string_view incoming = "incoming";
/// How long their names there are: 16 random bytes in hexadecimal.
inline constexpr std::size_t incoming_name_length = 32;

/// Where inside of the storage the file with this content lies: `ab/abcd…`.
inline std::string path_of(std::string_view sha256) {
    return std::string(sha256.substr(0, 2)) + '/' + std::string(sha256);
}
/// True for so many hexadecimal digits, small ones: the only names that a storage has.
inline bool is_hex(std::string_view name, std::size_t digits) {
    return name.size() == digits && name.find_first_not_of("0123456789abcdef") == name.npos;
}
/// True for what a SHA-256 in hexadecimal looks like.
inline bool is_sha256(std::string_view text) { return is_hex(text, 64); }

/// SQL that keeps whoever removes files away from this content until the transaction ends; needs :sha256. Several may
/// keep a content at the same time; who removes takes the second one, and is alone.
inline constexpr std::string_view keeping = "select pg_advisory_xact_lock_shared(5722, hashtext(:sha256))";
inline constexpr std::string_view removing = "select pg_advisory_xact_lock(5722, hashtext(:sha256))";

}  // namespace storage

/// What a stored file is, said by its bytes.
struct FileFacts {
    std::string sha256;     ///< 64 hexadecimal digits
    std::int64_t size = 0;  ///< in bytes
    std::string type;       ///< media type without parameters, as libmagic sees it
};

/// A file on its way into the storage: append() its bytes, finish() it, and keep() it in the transaction that stores
/// its row. What is not kept is gone with this object.
/// Its functions that every handler's code speaks of are virtual: handlers that store nothing do not load libmagic.
/// Errors: Problem 507 `no_room` where the disk or its owner's share is full, std::runtime_error.
class Incoming {
public:
    Incoming();
    virtual ~Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    void append(std::string_view bytes);
    std::int64_t size() const { return facts_.size; }

    /// No byte follows: the file is on the disk when this returns.
    const FileFacts& finish();
    /// Those of finish().
    const FileFacts& facts() const { return facts_; }
    /// All of it. For files that fit into memory; of whatever size the caller has allowed.
    std::string bytes() const;

    /// Puts the file where its content belongs, in the transaction that is open, behind the statement that stores the
    /// row and before its commit: there is no row without its file, whoever dies in between. A file of equal content is
    /// replaced. Again, it does no harm.
    virtual void keep(Database& database);

private:
    std::string name_;  ///< in the folder `incoming`; empty once the file is kept
    Descriptor fd_;
    crypto::Sha256 digest_;
    FileFacts facts_;
};

}  // namespace api
