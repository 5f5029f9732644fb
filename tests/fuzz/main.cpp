// Runs a fuzz target without libFuzzer: each file of a corpus, and the same mutations of these files every time.
// usage: TARGET CORPUS MUTATIONS
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> corpus(const char* folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<std::string> inputs;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

/// A few changes at random places: a new byte, a removed piece, a doubled piece, a piece of another input.
std::string mutated(std::string input, const std::vector<std::string>& others, std::minstd_rand& random) {
    auto below = [&](std::size_t n) { return n ? random() % n : 0; };
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
        const std::size_t at = below(input.size() + 1),
                          length = below(std::min<std::size_t>(input.size() - at, 40) + 1);
        const std::string& other = others[below(others.size())];
        switch (below(5)) {
            case 0:
                input.insert(at, 1, static_cast<char>(random()));
                break;
            case 1:
                input.erase(at, length);
                break;
            case 2:
                input.insert(at, input.substr(at, length));
                break;
            case 3:
                input.insert(at, other.substr(below(other.size() + 1), below(40)));
                break;
            default:
                if (at < input.size()) input[at] = "\r\n-\" ;=\\\0B"[below(10)];
        }
    }
    return input;
}

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::cerr << "usage: " << argv[0] << " CORPUS MUTATIONS\n", 2;
    const std::vector<std::string> inputs = corpus(argv[1]);
    if (inputs.empty()) return std::cerr << argv[1] << " is empty\n", 1;
    for (const std::string& input : inputs) run(input);
    std::minstd_rand random(1);  // the same in each run, so that a failure can be repeated
    for (long left = std::atol(argv[2]); left > 0; --left)
        run(mutated(inputs[random() % inputs.size()], inputs, random));
    std::cout << inputs.size() << " inputs and " << argv[2] << " mutations\n";
}
