// The file of the counters: valid after any previous content, and with several writers at the same time.
#include "serve/counters.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <thread>

#include "serve/counted.hpp"
#include "serve/metrics.hpp"

namespace fs = std::filesystem;
using api::Counted;
using api::Counters;
using std::chrono::milliseconds;

namespace {

/// A directory for the files, which is deleted after the test.
struct Folder {
    fs::path path;
    Folder() {
        char name[] = "/tmp/fettle-counters-XXXXXX";
        if (!mkdtemp(name)) throw std::runtime_error("no temporary folder");
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    fs::path file() const { return path / "tasks" / "counters"; }
    std::string text() const { return api::metrics::text(path.string()); }
    bool has(const std::string& line) const { return ("\n" + text()).find("\n" + line + "\n") != std::string::npos; }
    void write(const std::string& bytes) const {
        fs::create_directories(file().parent_path());
        std::ofstream(file(), std::ios::binary) << bytes;
    }
    std::string bytes() const {
        std::ifstream stream(file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
};

std::uint64_t answered(const Counted& counted) {
    std::uint64_t all = 0;
    for (const Counted::Requests& one : counted.requests)
        all = std::accumulate(one.durations.begin(), one.durations.end(), all);
    return all;
}

std::uint64_t total(const Counted& counted, api::Total which) {
    return counted.totals[static_cast<std::size_t>(which)];
}

/// Runs work in another process; its exit status.
int in_another_process(const std::function<void()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

constexpr const char* show = "handler=\"tasks\",method=\"GET\",route=\"/api/v1/tasks/{task_id}\"";

}  // namespace

BOOST_AUTO_TEST_SUITE(counters)

BOOST_AUTO_TEST_CASE(counts_survive_a_restart) {
    const Folder folder;
    for (int start = 1; start <= 2; ++start) {
        Counters counters(folder.path.string(), "tasks");
        BOOST_TEST(counters.why() == "");
        counters.count("GET", "/api/v1/tasks/{task_id}", 200, milliseconds(3));
        counters.count("GET", "/api/v1/tasks/{task_id}", 404, milliseconds(30));
        counters.count("BREW", "-", 405, milliseconds(0));
        counters.add(api::Total::database_nanoseconds, 1'500'000'000);
        counters.add(api::Total::database_statements, 2);
    }
    BOOST_TEST(folder.has(std::string("fettle_http_requests_total{") + show + ",status=\"200\"} 2"));
    BOOST_TEST(folder.has(std::string("fettle_http_requests_total{") + show + ",status=\"404\"} 2"));
    BOOST_TEST(folder.has("fettle_http_requests_total{handler=\"tasks\",method=\"-\",route=\"-\",status=\"405\"} 2"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_bucket{") + show + ",le=\"0.0025\"} 0"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_bucket{") + show + ",le=\"0.005\"} 2"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_bucket{") + show + ",le=\"0.05\"} 4"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_bucket{") + show + ",le=\"+Inf\"} 4"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_sum{") + show + "} 0.066"));
    BOOST_TEST(folder.has(std::string("fettle_http_request_duration_seconds_count{") + show + "} 4"));
    BOOST_TEST(folder.has("fettle_database_seconds_total{handler=\"tasks\"} 3"));
    BOOST_TEST(folder.has("fettle_database_statements_total{handler=\"tasks\"} 4"));
    BOOST_TEST(folder.has("fettle_process_starts_total{handler=\"tasks\"} 2"));
    BOOST_TEST(folder.has("fettle_processes{handler=\"tasks\"} 0"));
    BOOST_TEST(folder.text().find("process_start_time_seconds{") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_duration_is_counted_in_the_first_bucket_whose_bound_it_does_not_exceed) {
    const Folder folder;
    Counters counters(folder.path.string(), "tasks");
    for (std::uint64_t bound : api::duration_bounds) {
        counters.count("GET", "/x", 200, std::chrono::nanoseconds(bound));
        counters.count("GET", "/x", 200, std::chrono::nanoseconds(bound + 1));
    }
    counters.count("GET", "/x", 200, std::chrono::nanoseconds(-1));  // a negative duration, as from a wrong clock
    const auto counted = api::read_counters(folder.path.string(), "tasks");
    api::Durations expected;
    expected.fill(2);
    expected.back() = 1;
    BOOST_TEST(counted->requests.at(1).durations == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(its_directory_and_file_are_readable_by_the_group_whatever_the_umask) {
    const Folder folder;
    const mode_t before = umask(0077);
    Counters counters(folder.path.string(), "tasks");
    umask(before);
    struct stat file{}, inside{};
    BOOST_TEST(stat(folder.file().c_str(), &file) == 0);
    BOOST_TEST(stat(folder.file().parent_path().c_str(), &inside) == 0);
    BOOST_TEST((file.st_mode & 07777) == 0640u);
    BOOST_TEST((inside.st_mode & 07777) == 0750u);
}

BOOST_AUTO_TEST_CASE(a_file_of_another_layout_is_replaced) {
    const Folder folder;
    std::string good;
    {
        Counters counters(folder.path.string(), "tasks");
        counters.count("GET", "/x", 200, milliseconds(1));
        good = folder.bytes();
    }
    const std::size_t size = good.size();
    for (const std::string& bytes :
         {std::string(), std::string("x"), std::string(size - 1, '\0'), std::string(size, '\0'),
          std::string(size, '\xff'), good.substr(0, size - 1), good + "x", good.substr(0, 8), "x" + good.substr(1)}) {
        folder.write(bytes);
        BOOST_TEST(!api::read_counters(folder.path.string(), "tasks"));
        Counters counters(folder.path.string(), "tasks");
        BOOST_TEST(counters.why() == "");
        counters.count("GET", "/x", 200, milliseconds(1));
        BOOST_TEST(answered(*api::read_counters(folder.path.string(), "tasks")) == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_file_of_our_layout_with_random_content_causes_no_error) {
    const Folder folder;
    {
        Counters counters(folder.path.string(), "tasks");
    }
    const std::string good = folder.bytes();
    std::uint64_t random = 42;
    for (int kind = 0; kind < 40; ++kind) {
        std::string bytes = good;
        for (std::size_t i = 8; i < bytes.size(); ++i) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            if (kind < 2 || random >> 60 == 0) bytes[i] = kind == 0 ? '\xff' : static_cast<char>(random >> 56);
        }
        folder.write(bytes);
        Counters counters(folder.path.string(), "tasks");
        BOOST_TEST(counters.why() == "");
        const Counters::InFlight in_flight(counters);
        for (int i = 0; i < 300; ++i) counters.count("GET", "/" + std::to_string(i), 200, milliseconds(1));
        // the output has no label with random bytes
        std::istringstream text(folder.text());
        for (std::string line; std::getline(text, line);)
            BOOST_TEST(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; }));
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_would_break_out_of_its_label_is_not_shown) {
    const Folder folder;
    Counters counters(folder.path.string(), "tasks");
    for (const char* route : {"/x\"} 1\nevil 1", "/x\\", "/x\n", "x", "", "/ö"})
        counters.count("GET", route, 200, milliseconds(1));
    counters.count("GET", "/x", 20000, milliseconds(1));
    BOOST_TEST(folder.text().find("http_requests_total{") == std::string::npos);
    counters.count("GET", "/x", 200, milliseconds(1));
    BOOST_TEST(
        folder.has("fettle_http_requests_total{handler=\"tasks\",method=\"GET\",route=\"/x\",status=\"200\"} 1"));
}

BOOST_AUTO_TEST_CASE(requests_without_a_free_slot_are_counted_without_a_name) {
    const Folder folder;
    Counters counters(folder.path.string(), "tasks");
    for (int i = 0; i < 300; ++i) counters.count("GET", "/" + std::to_string(i), 200, milliseconds(1));
    counters.count("GET", "/" + std::string(200, 'x'), 200, milliseconds(1));
    counters.count("GET", "/0", 200, milliseconds(1));
    const auto counted = api::read_counters(folder.path.string(), "tasks");
    BOOST_TEST(counted->requests.size() == 256u);
    BOOST_TEST(answered(*counted) == 302u);
    BOOST_TEST(
        folder.has("fettle_http_requests_total{handler=\"tasks\",method=\"GET\",route=\"/0\",status=\"200\"} 2"));
    BOOST_TEST(folder.has("fettle_http_requests_total{handler=\"tasks\",method=\"-\",route=\"-\",status=\"-\"} 46"));
}

BOOST_AUTO_TEST_CASE(concurrent_threads_and_processes_lose_no_count) {
    const Folder folder;
    constexpr int processes = 3, threads = 4, each = 20'000;
    std::vector<pid_t> children;
    for (int p = 0; p < processes; ++p) {
        const pid_t child = fork();
        if (child == 0) {
            // all of them create the file at the same time, and use its slots at the same time
            Counters counters(folder.path.string(), "tasks");
            std::vector<std::thread> workers;
            for (int t = 0; t < threads; ++t)
                workers.emplace_back([&] {
                    for (int i = 0; i < each; ++i) {
                        const Counters::InFlight in_flight(counters);
                        counters.count("GET", "/" + std::to_string(i % 50), 200, milliseconds(1));
                        counters.add(api::Total::database_statements, 1);
                    }
                });
            for (std::thread& worker : workers) worker.join();
            _exit(counters.why().empty() ? 0 : 1);
        }
        children.push_back(child);
    }
    for (pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        BOOST_TEST(status == 0);
    }
    const auto counted = api::read_counters(folder.path.string(), "tasks");
    BOOST_TEST(counted->requests.size() == 51u);
    BOOST_TEST(answered(*counted) == processes * threads * each + 0u);
    BOOST_TEST(total(*counted, api::Total::database_statements) == processes * threads * each + 0u);
    BOOST_TEST(total(*counted, api::Total::starts) == processes + 0u);
    BOOST_TEST(counted->in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(a_killed_process_leaves_its_counts_and_no_request_in_flight) {
    const Folder folder;
    const int status = in_another_process([&] {
        Counters counters(folder.path.string(), "tasks");
        const Counters::InFlight in_flight(counters);
        counters.count("GET", "/x", 200, milliseconds(1));
        kill(getpid(), SIGKILL);
    });
    BOOST_TEST(WTERMSIG(status) == SIGKILL);
    auto counted = api::read_counters(folder.path.string(), "tasks");
    BOOST_TEST(answered(*counted) == 1u);
    BOOST_TEST(counted->in_flight == 0u);
    BOOST_TEST(counted->started.size() == 0u);

    // two live processes are counted separately
    Counters one(folder.path.string(), "tasks"), two(folder.path.string(), "tasks");
    const Counters::InFlight in_flight(one), another(two);
    counted = api::read_counters(folder.path.string(), "tasks");
    BOOST_TEST(counted->in_flight == 2u);
    BOOST_TEST(counted->started.size() == 2u);
    BOOST_TEST(total(*counted, api::Total::starts) == 3u);
}

BOOST_AUTO_TEST_CASE(without_a_file_it_reports_the_reason_and_still_counts) {
    const Folder folder;
    fs::create_directories(folder.file());  // a directory in the place of the file
    {
        Counters counters(folder.path.string(), "tasks");
        BOOST_TEST(counters.why().find("Is a directory") != std::string::npos, counters.why());
        counters.count("GET", "/x", 200, milliseconds(1));
    }
    Counters nowhere("/proc/nowhere", "tasks");
    BOOST_TEST(nowhere.why().find("No such file") != std::string::npos, nowhere.why());
    const Counters::InFlight in_flight(nowhere);
    nowhere.count("GET", "/x", 200, milliseconds(1));
    BOOST_TEST(api::metrics::text("/proc/nowhere").find('{') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(links_and_pipes_are_not_followed_and_do_not_block) {
    const Folder folder, elsewhere;
    fs::create_directories(folder.file().parent_path());
    std::ofstream(elsewhere.path / "precious") << "as it was";
    fs::create_symlink(elsewhere.path / "precious", folder.file());
    BOOST_TEST(!api::read_counters(folder.path.string(), "tasks"));
    {
        Counters counters(folder.path.string(), "tasks");
    }
    BOOST_TEST(fs::is_regular_file(fs::symlink_status(folder.file())));
    BOOST_TEST(fs::file_size(elsewhere.path / "precious") == 9u);

    fs::remove(folder.file());
    BOOST_TEST(mkfifo(folder.file().c_str(), 0600) == 0);
    BOOST_TEST(!api::read_counters(folder.path.string(), "tasks"));
    Counters counters(folder.path.string(), "tasks");
    BOOST_TEST(counters.why() == "");
}

BOOST_AUTO_TEST_SUITE_END()
