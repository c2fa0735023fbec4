#include "store/fixture.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>

// HDF5 1.10.8 loses an object header's 424 bytes when it meets a damaged one, as these tests make it do.
extern "C" char const* __lsan_default_suppressions();
extern "C" char const* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace godwit::test {
namespace {

constexpr int patience_ms = 60'000;
constexpr std::uint64_t page_bytes = 4096;

template <class T>
Field number(std::string name, T value) {
  Field field{std::move(name), FieldForm::number, scalar_of<T>(), Bytes(sizeof value)};
  std::memcpy(field.value.data(), &value, sizeof value);
  return field;
}

template <class T>
Field list(std::string name, std::vector<T> const& values) {
  Field field{std::move(name), FieldForm::list, scalar_of<T>(), Bytes(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(field.value.data(), values.data(), field.value.size());
  return field;
}

// A field of any type that a job may describe.
template <FieldValue T>
Field described(std::string name, T value) {
  auto const access = access_to(value);
  Field field{std::move(name), access.kind.form, access.kind.scalar, {}, access.kind.key, access.kind.to};
  access.pack(access.object, field.value);
  return field;
}

// Places an array behind the others and fills it: value(i) for each element.
template <class T, class F>
void add_array(Image& image, std::string name, std::vector<std::uint64_t> shape, F value) {
  std::uint64_t elements = 1;
  for (auto const extent : shape) elements *= extent;
  auto const offset = image.pages.size();
  auto const bytes = elements * sizeof(T);
  image.manifest.arrays.push_back({std::move(name), scalar_of<T>(), std::move(shape), offset, bytes});
  image.pages.resize(offset + (bytes + page_bytes - 1) / page_bytes * page_bytes);
  for (std::uint64_t i = 0; i < elements; ++i) {
    T const element = value(i);
    std::memcpy(image.pages.data() + offset + i * sizeof(T), &element, sizeof element);
  }
  image.manifest.arena_bytes = image.pages.size();
}

Image empty_image(Generation generation) {
  Image image;
  image.label.job = {7};
  image.label.epoch = {5};
  image.label.generation = generation;
  image.label.host = {2};
  image.label.node = "node2";
  image.label.spec.type = "heat";
  image.label.spec.name = "plate";
  image.label.spec.account = "chem/anna";
  image.label.spec.directory = "/home/anna/run";
  image.label.spec.arguments = {{"alpha", "0.2"}, {"output", "out/plate.csv"}};
  image.label.spec.plugin_digest = "3f9c0123456789ab";
  auto& manifest = image.manifest;
  manifest.job = image.label.job;
  manifest.type = "heat";
  manifest.state_version = 2;
  manifest.plugin_digest = image.label.spec.plugin_digest;
  manifest.arguments = image.label.spec.arguments;
  manifest.epoch = image.label.epoch;
  manifest.steps = 61'440;
  manifest.progress = {61'440, 200'000, "steps"};
  manifest.running_time = 90s;
  manifest.random = {1, 2, 3, 0xffffffffffffffff};
  manifest.architecture = "x86_64";
  return image;
}

}  // namespace

TempDir::TempDir() {
  auto pattern = (std::filesystem::path(testing::TempDir()) / "godwit-store-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TempDir::names_below() const {
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(path_)) {
    if (!entry.is_directory()) names.push_back(std::filesystem::relative(entry.path(), path_).string());
  }
  std::ranges::sort(names);
  return names;
}

Image tiny_image(Generation generation) {
  auto image = empty_image(generation);
  image.manifest.fields.push_back(number<std::int64_t>("iteration", 61'440));
  return image;
}

Image sample_image(Generation generation, std::uint64_t rows, std::uint64_t columns) {
  auto image = empty_image(generation);
  image.label.parent = msg::ImageName{{4}, {11}, checkpoint_path({7}, {4}, {11})};
  auto& manifest = image.manifest;
  manifest.suspended = true;
  manifest.wait_left = 1500ms;
  auto& fields = manifest.fields;
  fields.push_back(number<std::int64_t>("iteration", 61'440));
  fields.push_back(number<bool>("converged", true));
  fields.push_back(number<std::int8_t>("i8", -8));
  fields.push_back(number<std::uint8_t>("u8", 200));
  fields.push_back(number<std::int16_t>("i16", -1600));
  fields.push_back(number<std::uint16_t>("u16", 60'000));
  fields.push_back(number<std::int32_t>("i32", -2'000'000'000));
  fields.push_back(number<std::uint32_t>("u32", 4'000'000'000));
  fields.push_back(number<std::uint64_t>("u64", std::numeric_limits<std::uint64_t>::max()));
  fields.push_back(number<float>("f32", 0.5F));
  fields.push_back(number<double>("gamma", 1.4));
  fields.push_back({"title", FieldForm::text, Scalar::u8, to_bytes("Platte, größer – 板")});
  fields.push_back({"untitled", FieldForm::text, Scalar::u8, {}});
  fields.push_back(list<double>("weights", {0.25, 0.5, 0.25}));
  fields.push_back(list<std::uint16_t>("nothing", {}));
  fields.push_back(list<std::int32_t>("many", std::vector<std::int32_t>(20'000, -3)));
  fields.push_back(number<double>("a/b%.c", 2.5));
  fields.push_back(described("names", std::vector<std::string>{"Anna", "", "Böb, \"B\""}));
  fields.push_back(described("no_names", std::vector<std::string>{}));
  fields.push_back(described("flags", std::vector<bool>{true, false, true}));
  fields.push_back(described("ages", std::map<std::string, std::int64_t>{{"Anna", 31}, {"Böb", -1}}));
  fields.push_back(described("table", std::map<std::int32_t, double>{{-3, 0.5}, {7, 1e300}}));
  fields.push_back(described("titles", std::map<std::uint8_t, std::string>{{1, "one"}, {200, ""}}));
  fields.push_back(described("no_pairs", std::map<std::string, bool>{}));

  auto const last = rows * columns - 1;
  add_array<double>(image, "temperature", {rows, columns}, [&](std::uint64_t i) {
    if (i == 3) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(i) / static_cast<double>(last);
  });
  add_array<bool>(image, "mask", {2, 3}, [](std::uint64_t i) { return i % 2 == 1; });
  add_array<float>(image, "cube", {3, 4, 5}, [](std::uint64_t i) { return static_cast<float>(i) * 0.5F; });
  add_array<std::uint8_t>(image, "none", {0, 9}, [](std::uint64_t) { return std::uint8_t{}; });
  manifest.arrays.push_back({"unallocated", Scalar::i32, {}, 0, 0});
  add_array<std::int16_t>(image, "wide", {40'000},
                          [](std::uint64_t i) { return static_cast<std::int16_t>(i); });

  auto const tail = to_bytes("61438,0.5\n61439,0.5\n");
  manifest.streams.push_back(
      {"trace", "/home/anna/run/out/plate.csv", StreamMode::append, 1'228'800, 1'310'720, 1'228'780, tail});
  manifest.streams.push_back({"data", "/home/anna/run/in.dat", StreamMode::input, 100, 4096, 0, {}});
  manifest.streams.push_back(
      {"stdout", "jobs/7/stdout", StreamMode::replace, 17, 17, 6, to_bytes("second line")});
  return image;
}

TestStore::TestStore(std::filesystem::path directory, std::uint64_t staging_bytes_max)
    : adapter_({.store = std::move(directory),
                .staging_bytes_max = staging_bytes_max,
                .software = "0.0.0-test",
                .wall = [] { return WallTime{1'795'252'447'123'456'000}; }}) {}

StoreEvent TestStore::next() {
  while (events_.empty()) {
    pollfd ready{adapter_.wait_fd(), POLLIN, 0};
    if (::poll(&ready, 1, patience_ms) != 1) throw std::runtime_error("the store doesn't answer");
    events_ = adapter_.poll();
  }
  auto event = std::move(events_.front());
  events_.erase(events_.begin());
  return event;
}

stored::Written TestStore::write(Image const& image, ArenaSource source) {
  auto const request = fresh();
  adapter_.write(request, image.label, encode(image.manifest), image.pages, source);
  EXPECT_EQ(std::get<stored::Staged>(next()).request, request);
  auto written = std::get<stored::Written>(next());
  EXPECT_EQ(written.request, request);
  return written;
}

stored::Verified TestStore::verify(std::vector<msg::ImageName> const& images) {
  auto const request = fresh();
  adapter_.verify(request, images);
  auto verified = std::get<stored::Verified>(next());
  EXPECT_EQ(verified.request, request);
  return verified;
}

stored::Loaded TestStore::load(msg::ImageName const& image, std::span<std::byte> arena) {
  auto const request = fresh();
  adapter_.load(request, image, arena);
  auto loaded = std::get<stored::Loaded>(next());
  EXPECT_EQ(loaded.request, request);
  return loaded;
}

Ran run(std::string const& command) {
  Ran ran;
  auto* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  while (auto const n = std::fread(buffer, 1, sizeof buffer, pipe)) ran.output.append(buffer, n);
  auto const status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

Bytes read_file(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  std::string const text{std::istreambuf_iterator<char>(in), {}};
  return to_bytes(text);
}

void write_file(std::filesystem::path const& path, ByteView bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace godwit::test
