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

Problem picture_with_trailer() { return damaged_picture("Something else follows behind the end of the picture."); }

Problem animated_picture() {
    return refused_picture(not_a_picture, "This picture moves. A profile has a PNG, JPEG or WebP that stands still.");
}

}  // namespace api
