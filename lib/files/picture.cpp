// Re-encodes an uploaded picture and creates its thumbnail, one upload at a time.
#include "files/picture.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/problem.hpp"
#include "files/bitmap.hpp"
#include "files/picture_codec.hpp"
#include "files/picture_header.hpp"

namespace api {

namespace {

/// How long an upload waits for other pictures. nginx waits 60 s for the whole answer (nginx/http.conf).
constexpr std::chrono::seconds longest_wait{10};

constexpr std::string_view types[]{"image/png", "image/jpeg", "image/webp"};  // in the order of PictureType

/// The length of a side in the thumbnail of a picture whose longer side is `longest`.
unsigned scaled(unsigned side, unsigned longest) {
    return std::max(1u, (side * thumbnail_side + longest / 2) / longest);
}

/// A lock with a time limit, so that one picture is processed at a time. It is not a std::timed_mutex, because the
/// ThreadSanitizer of GCC 12 reports an error when one is unlocked.
class Turn {
public:
    Turn() {
        std::unique_lock lock(mutex);
        if (!freed.wait_for(lock, longest_wait, [] { return !taken; }))
            throw unavailable("Too many pictures are being processed. Try again.", 5);
        taken = true;
    }
    ~Turn() {
        std::lock_guard lock(mutex);
        taken = false;
        freed.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    static inline std::mutex mutex;
    static inline std::condition_variable freed;
    static inline bool taken = false;
};

}  // namespace

Picture made_picture(std::string_view upload) {
    const PictureHeader header = read_picture_header(upload);
    const Turn turn;
    Picture made{.type = types[static_cast<int>(header.type)], .bytes = {}, .thumbnail = {}};
    Bitmap bitmap = upright(decode_picture(header), header.orientation);
    const unsigned longest = std::max(bitmap.width, bitmap.height);
    if (longest > thumbnail_side) {
        Bitmap small = shrunk(bitmap, scaled(bitmap.width, longest), scaled(bitmap.height, longest));
        made.thumbnail = encode_picture(header, small);
    }
    made.bytes = encode_picture(header, bitmap);
    if (longest <= thumbnail_side) made.thumbnail = made.bytes;
    return made;
}

}  // namespace api
