// Asks a handler for its health, and parses the response.
#include "health.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>

namespace tool {

Health health_of(const std::string& handler, const std::filesystem::path& socket, std::chrono::milliseconds time_limit,
                 const fastcgi::KeepWaiting& keep_waiting) {
    const fastcgi::Response response = fastcgi::get(socket, "/_check", time_limit, keep_waiting);
    boost::system::error_code parse_error;
    const boost::json::value value = boost::json::parse(response.body, parse_error);
    const boost::json::object* object = value.if_object();
    if (parse_error || !object || (response.status != 200 && response.status != 503))
        throw std::runtime_error(socket.string() + " answered GET /_check with status " +
                                 std::to_string(response.status) + " and not with its health");
    const std::string wrong_form = socket.string() + " answered GET /_check with JSON of another form";
    try {
        if (object->at("handler").as_string() != handler)
            throw std::runtime_error(socket.string() + " is answered by the handler " +
                                     std::string(object->at("handler").as_string()));
        return {static_cast<int>(object->at("pid").as_int64()), object->at("database").as_bool(),
                boost::json::value_to<std::vector<std::string>>(object->at("faults"))};
    } catch (const std::logic_error&) {  // a member is missing or of another type: Boost 1.81
        throw std::runtime_error(wrong_form);
    } catch (const boost::system::system_error&) {  // the same, since Boost 1.83
        throw std::runtime_error(wrong_form);
    }
}

}  // namespace tool
