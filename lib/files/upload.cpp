// Bodies with a file, which goes to the disk piece by piece.
#include <algorithm>

#include "http/body.hpp"
#include "files/storage.hpp"

namespace api {

Input read_upload(Request& request, const Shape& in, const Shape& out, std::int64_t largest,
                  std::unique_ptr<Incoming>& file) {
    auto is_file = [](const Member& m) { return m.is_file; };
    const std::string file_field = std::find_if(in.begin(), in.end(), is_file)->name;
    const auto named = std::find_if(in.begin(), in.end(), [](const Member& m) { return m.is_file_name; });
    const bool is_all = std::count_if(in.begin(), in.end(), [](const Member& m) { return !m.read_only; }) == 1;
    const bool has_body = request.has_body();
    const MediaType media = has_body ? media_type_of(request) : MediaType{};
    const bool is_multipart = media.type == "multipart/form-data";

    const Problem too_large(refusals::too_large, std::to_string(largest));
    if (request.length() > static_cast<std::size_t>(largest) + (is_multipart ? max_body : 0)) throw too_large;
    auto append = [&](std::string_view piece) {
        if (file->size() + static_cast<std::int64_t>(piece.size()) > largest) throw too_large;
        file->append(piece);
    };

    Given given;
    Errors unknown;
    std::string called;  // by the part
    if (is_multipart) {
        if (!is_utf8(media)) throw Problem(refusals::unsupported_media_type);
        for (const auto& [name, value] : decode_query(request.query())) unknown[name] = {"Unknown query parameter."};
        multipart::Reader reader([&](char* into, std::size_t size) { return request.receive(into, size); },
                                 media.boundary);
        read_multipart(reader, given, [&](const multipart::Part& part) {
            if (part.name != file_field) return false;
            std::string_view piece = reader.read();
            // a browser sends a part without name and bytes where no file was chosen
            if (piece.empty() && part.file_name && part.file_name->empty()) return true;
            if (file) {
                given.errors[file_field] = {"This field stands more than once."};
                return true;
            }
            file = std::make_unique<Incoming>();
            called = part.file_name.value_or("");
            for (; !piece.empty(); piece = reader.read()) append(piece);
            return true;
        });
        if (file) given.fields[file_field] = file->finish().sha256;
    } else {
        for (auto& [name, value] : decode_query(request.query())) {
            if (name == file_field ||
                std::none_of(in.begin(), in.end(), [&](const Member& m) { return m.name == name; }))
                unknown[name] = {"Unknown query parameter."};
            else
                given.add(name, value);
        }
        const bool is_form = media.type == "application/x-www-form-urlencoded" || media.type == "application/json";
        const bool is_named = named != in.end() && given.fields.contains(named->name);
        if (has_body && (!is_form || is_named || is_all))
            given.fields[file_field] = "";
        else if (has_body)
            unknown[file_field] = {
                "Send the file as a part of multipart/form-data, or alone with its name in the query string."};
    }
    if (named != in.end() && !given.fields.contains(named->name)) given.fields[named->name] = called;
    Input input = given.checked(Source::text, request.method(), in, out);
    for (auto& [name, messages] : unknown) input.errors[name] = std::move(messages);
    if (!input.errors.empty() || is_multipart) return input;

    file = std::make_unique<Incoming>();
    std::vector<char> piece(64 << 10);
    for (std::size_t n; (n = request.receive(piece.data(), piece.size())) > 0;) append({piece.data(), n});
    input.fields[file_field] = file->finish().sha256;
    return input;
}

}  // namespace api
