// fettle settings: every setting, its default and what it means, as the file /etc/fettle/fettle.env begins.
#include "base/settings.hpp"

#include <iostream>
#include <sstream>

#include "command.hpp"

namespace tool {

std::vector<api::SettingLine> every_setting() {
    std::vector<api::SettingLine> lines = api::setting_lines();
    lines.insert(lines.end(),
                 {{"FETTLE_SOCKETS", "/run/fettle", "The folder of the handlers' sockets; only `fettle` reads it."},
                  {"FETTLE_SQL", "",
                   "Another folder with tables/, functions/, grants.sql and example.sql; only `fettle` reads it."}});
    return lines;
}

int settings(const Arguments&) {
    std::cout
        << "# Settings of Fettle: NAME=value, without blanks around the sign. A default is a comment. Handlers read them\n"
           "# when they start: systemctl try-restart 'fettle@*.service'\n";
    for (const api::SettingLine& line : every_setting()) {
        std::cout << "\n# " << line.meaning << '\n';
        std::istringstream names(line.name);  // `PGHOST, PGPORT` are several
        for (std::string name; std::getline(names >> std::ws, name, ',');)
            std::cout << '#' << name << '=' << line.initial << '\n';
    }
    return 0;
}

}  // namespace tool
