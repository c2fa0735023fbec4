// `godwit inspect` as a user types it, on a store of real files: generations 10, 11 and 12 of job 7, "plate",
// and one of job 9, "other".
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/godwit/inspect/inspect.hpp"
#include "store/fixture.hpp"

namespace godwit::test {

using Json = nlohmann::json;

struct Said {
  int code{0};
  std::string out, err;
};

class Inspect : public testing::Test {
 protected:
  void SetUp() override {
    TestStore writer(directory.path());
    auto image = test::sample_image({12});
    image.manifest.streams[0].path = trace.string();
    test::write_file(trace, view_of(std::string(1'300'000, 'x')));
    for (auto const generation : {10, 11, 12}) {
      image.label.generation = {static_cast<std::uint64_t>(generation)};
      ASSERT_TRUE(writer.write(image).image);
    }
    auto other = test::tiny_image({1});
    other.label.job = other.manifest.job = {9};
    other.label.spec.name = "other";
    ASSERT_TRUE(writer.write(other).image);
  }

  Said inspect(std::vector<std::string> words) {
    CLI::App app("test", "godwit");
    std::string store = directory.path();
    app.add_option("--store", store);
    Said said;
    std::function<int()> action;
    inspect::add_inspect(
        app, [&] { return store; }, action);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    words.insert(words.begin(), "inspect");
    std::ranges::reverse(words);
    try {
      app.parse(words);
      said.code = action();
    } catch (CLI::ParseError const& error) {
      said.code = 100;
      std::fprintf(stderr, "%s", error.what());
    }
    std::fflush(stdout);
    said.out = testing::internal::GetCapturedStdout();
    said.err = testing::internal::GetCapturedStderr();
    return said;
  }
  [[nodiscard]] std::filesystem::path checkpoint(int generation) const {
    return directory.path() / checkpoint_path({7}, {5}, {static_cast<std::uint64_t>(generation)});
  }
  void flip(std::filesystem::path const& path, std::size_t byte) {
    auto bytes = test::read_file(path);
    bytes.at(byte) ^= std::byte{4};
    test::write_file(path, bytes);
  }
  static void expect_has(std::string const& text, std::vector<std::string> const& parts) {
    for (auto const& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << part << "\nisn't in\n" << text;
  }

  TempDir directory;
  std::filesystem::path trace = directory.path() / "out.csv";
};

}  // namespace godwit::test
