// fettle keys and keys rotate: the keys that tokens are signed with, without ever showing one.
#include "keys.hpp"

#include <iostream>
#include <set>

#include "command.hpp"

namespace tool {

int keys(const Arguments&) {
    std::set<std::string> seen;
    for (const api::Key& key : api::keys()->all())
        std::cout << key.use << "  " << key.id << "  made " << utc(key.made)
                  << (seen.insert(key.use).second ? "  signs\n" : "  verifies\n");
    return 0;
}

int keys_rotate(const Arguments&) {
    const api::Key key = api::rotate_keys();
    std::cout << "the key " << key.id << " signs from now on; sessions go on\n";
    return 0;
}

}  // namespace tool
