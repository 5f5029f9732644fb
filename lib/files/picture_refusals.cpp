// Builds the problems for pictures that are refused.
#include "files/picture_refusals.hpp"

namespace api {

Problem refused_picture(const Refusal& refusal, std::string detail) {
    Problem problem(refusal);
    if (!detail.empty()) problem.detail = std::move(detail);
    problem.errors = {{"file", {problem.detail}}};
    return problem;
}

Problem damaged_picture(const char* detail) { return refused_picture(broken_picture, detail); }

Problem picture_with_trailer() { return damaged_picture("There is other data after the end of the picture."); }

Problem animated_picture() {
    return refused_picture(not_a_picture, "This picture is animated. Send a PNG, JPEG or WebP that is not animated.");
}

}  // namespace api
