// fettle keys and keys rotate: list and rotate the keys that sign tokens and URLs, and never show one.
#include "base/keys.hpp"

#include <iostream>
#include <set>

#include "commands.hpp"
#include "text.hpp"

namespace tool {

int keys(const Arguments&) {
    std::set<std::string> uses;  // the first key of each use is the newest, and signs
    for (const api::Key& key : api::keys()->all())
        std::cout << key.use << std::string(key.use.size() < 8 ? 8 - key.use.size() : 2, ' ') << key.id << "  created "
                  << format_utc(key.made) << (uses.insert(key.use).second ? "  signs\n" : "  verifies\n");
    return 0;
}

int keys_rotate(const Arguments&) {
    for (const api::Key& key : api::rotate_keys())
        std::cout << "created the key " << key.id << ", which now signs for the use " << key.use << '\n';
    std::cout << "sessions and URLs of files stay valid\n";
    return 0;
}

}  // namespace tool
