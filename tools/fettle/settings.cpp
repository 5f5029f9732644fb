// fettle settings: prints every setting, its default and its meaning, as the initial contents of
// /etc/fettle/fettle.env.
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "settings_file.hpp"

namespace tool {

int settings(const Arguments&) {
    std::cout
        << "# Settings of Fettle, one NAME=value per line, without spaces around the equals sign. The comments show "
           "the\n"
           "# defaults. Handlers read this file when they start. After a change, run:\n"
           "# systemctl try-restart 'fettle@*.service'\n";
    for (const api::SettingLine& line : all_settings()) {
        std::cout << "\n# " << line.meaning << '\n';
        std::istringstream names(line.name);  // one line may describe several: `PGHOST, PGPORT`
        for (std::string name; std::getline(names >> std::ws, name, ',');)
            std::cout << '#' << name << '=' << line.initial << '\n';
    }
    return 0;
}

}  // namespace tool
