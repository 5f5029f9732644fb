// fettle settings: prints every setting, its default and what it means, as the first contents of
// /etc/fettle/fettle.env.
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "settings_file.hpp"

namespace tool {

int settings(const Arguments&) {
    std::cout << "# Settings of Fettle: NAME=value, without blanks around the sign. A default is a comment. "
                 "Handlers read them\n"
                 "# when they start: systemctl try-restart 'fettle@*.service'\n";
    for (const api::SettingLine& line : all_settings()) {
        std::cout << "\n# " << line.meaning << '\n';
        std::istringstream names(line.name);  // one line may describe several: `PGHOST, PGPORT`
        for (std::string name; std::getline(names >> std::ws, name, ',');)
            std::cout << '#' << name << '=' << line.initial << '\n';
    }
    return 0;
}

}  // namespace tool
