// fettle keys and keys rotate: lists and rotates the keys that sign tokens and URLs, without ever showing one.
#include "base/keys.hpp"

#include <iostream>
#include <set>

#include "commands.hpp"
#include "text.hpp"

namespace tool {

int keys(const Arguments&) {
    std::set<std::string> uses;  // the first key of each use is the newest, which signs
    for (const api::Key& key : api::keys()->all())
        std::cout << key.use << std::string(key.use.size() < 8 ? 8 - key.use.size() : 2, ' ') << key.id << "  made "
                  << format_utc(key.made) << (uses.insert(key.use).second ? "  signs\n" : "  verifies\n");
    return 0;
}

int keys_rotate(const Arguments&) {
    for (const api::Key& key : api::rotate_keys())
        std::cout << "the key " << key.id << " signs from now on, for the use " << key.use << '\n';
    std::cout << "sessions go on, and so do URLs that were given out\n";
    return 0;
}

}  // namespace tool
