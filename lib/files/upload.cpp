// Reads an upload, sent as a multipart form or as the file alone.
#include "files/upload.hpp"

#include <algorithm>

#include "http/body.hpp"

namespace api {

namespace {

/// Reads one upload.
class UploadReader {
public:
    UploadReader(Request& request, const Shape& body, std::int64_t largest, std::unique_ptr<Incoming>& file)
        : request_(request),
          body_(body),
          largest_(largest),
          file_(file),
          file_field_(std::ranges::find_if(body, [](const Member& m) { return m.is_file; })->name),
          media_(request.has_body() ? media_type_of(request) : MediaType{}) {}

    CheckedFields read(const Shape& answer) {
        const bool is_multipart = media_.type == "multipart/form-data";
        if (request_.length() > static_cast<std::size_t>(largest_) + (is_multipart ? max_body : 0)) throw too_large();
        if (is_multipart)
            read_form();
        else
            read_query();
        const auto name = std::ranges::find_if(body_, [](const Member& m) { return m.is_file_name; });
        if (name != body_.end() && !given_.fields.contains(name->name)) given_.fields[name->name] = part_file_name_;
        CheckedFields checked = given_.checked(Source::text, request_.method(), body_, answer);
        for (auto& [unknown, messages] : unknown_) checked.errors[unknown] = std::move(messages);
        if (checked.errors.empty() && !is_multipart) checked.fields[file_field_] = receive_file();
        return checked;
    }

private:
    Problem too_large() const { return Problem(refusals::too_large, std::to_string(largest_)); }

    void append(std::string_view piece) {
        if (file_->size() + static_cast<std::int64_t>(piece.size()) > largest_) throw too_large();
        file_->append(piece);
    }

    void read_form() {
        if (!is_utf8(media_)) throw Problem(refusals::unsupported_media_type);
        for (const auto& [name, value] : decode_query(request_.query())) refuse_parameter(name);
        multipart::Reader reader([&](char* into, std::size_t size) { return request_.receive(into, size); },
                                 media_.boundary);
        read_multipart(reader, given_, [&](const multipart::Part& part) { return take_part(reader, part); });
        if (file_) given_.fields[file_field_] = file_->finish().sha256;
    }

    /// Receives the part if it is the file. Returns false for other parts.
    bool take_part(multipart::Reader& reader, const multipart::Part& part) {
        if (part.name != file_field_) return false;
        std::string_view piece = reader.read();
        // if the user chose no file, a browser sends a part without a file name and without bytes
        if (piece.empty() && part.file_name && part.file_name->empty()) return true;
        if (file_) {
            given_.errors[file_field_] = {"This field appears more than once."};
            return true;
        }
        file_ = std::make_unique<Incoming>();
        part_file_name_ = part.file_name.value_or("");
        for (; !piece.empty(); piece = reader.read()) append(piece);
        return true;
    }

    /// Reads the fields of a file that is sent alone, from the query string. The body is that file if its media type is
    /// not that of a form or of JSON, if the query string has the file's name, or if the file is the only field.
    void read_query() {
        for (auto& [name, value] : decode_query(request_.query())) {
            if (name == file_field_ || !find_member(body_, name))
                refuse_parameter(name);
            else
                given_.add(name, value);
        }
        if (!request_.has_body()) return;
        const bool is_form = media_.type == "application/x-www-form-urlencoded" || media_.type == "application/json";
        const bool is_named = std::ranges::any_of(
            body_, [&](const Member& m) { return m.is_file_name && given_.fields.contains(m.name); });
        const bool is_only_field = std::ranges::count_if(body_, [](const Member& m) { return !m.read_only; }) == 1;
        if (!is_form || is_named || is_only_field)
            given_.fields[file_field_] = "";
        else
            unknown_[file_field_] = {
                "Send the file as a part of multipart/form-data, or as the whole body with its name in the query "
                "string."};
    }

    void refuse_parameter(const std::string& name) { unknown_[name] = {"Unknown query parameter."}; }

    std::string receive_file() {
        file_ = std::make_unique<Incoming>();
        std::vector<char> piece(64 << 10);
        for (std::size_t n; (n = request_.receive(piece.data(), piece.size())) > 0;) append({piece.data(), n});
        return file_->finish().sha256;
    }

    Request& request_;
    const Shape& body_;
    std::int64_t largest_;
    std::unique_ptr<Incoming>& file_;
    std::string file_field_;
    MediaType media_;
    SentFields given_;
    Errors unknown_;              ///< unknown parameters of the query string
    std::string part_file_name_;  ///< the file name in the part of the form
};

}  // namespace

CheckedFields read_upload(Request& request, const Shape& body, const Shape& answer, std::int64_t largest,
                          std::unique_ptr<Incoming>& file) {
    return UploadReader(request, body, largest, file).read(answer);
}

}  // namespace api
