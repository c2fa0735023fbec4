// godwit-make-seeds DIR: what the fuzzers begin from, as Godwit itself writes it: DIR/TARGET/…, and the words of workload files and
// of the control protocol, DIR/TARGET.dict. Made anew for each run, so that they are always of the present formats.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "app/workload/workload_keys.hpp"
#include "edge/capsules/link/wire.hpp"
#include "edge/capsules/link/zygote_wire.hpp"
#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/seal.hpp"
#include "edge/rpc/codec.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/logs.hpp"
#include "fuzz/recipe.hpp"
#include "ledger/event.hpp"
#include "message/codec.hpp"
#include "store/fixture.hpp"
#include "unit/message_samples.hpp"

namespace godwit::fuzz {
namespace {

namespace fs = std::filesystem;

class Shelf {
 public:
  Shelf(fs::path const& seeds, std::string const& target) : directory_(seeds / target) { fs::create_directories(directory_); }
  void add(ByteView bytes) { put_file(directory_ / fmt::format("seed-{:03}", ++count_), bytes); }
  void add(std::string_view text) { add(view_of(text)); }
  void add(char kind, ByteView bytes) {
    Bytes all{static_cast<std::byte>(kind)};
    all.insert(all.end(), bytes.begin(), bytes.end());
    add(all);
  }

 private:
  fs::path directory_;
  int count_ = 0;
};

void put_words(fs::path const& path, std::set<std::string> const& words) {
  std::ofstream file(path);
  for (auto const& word : words) file << '"' << word << "\"\n";
}

// One of each kind, as it is made.
template <class... T, class F>
void for_each_kind(std::variant<T...> const*, F each) {
  (each(std::variant<T...>(T{})), ...);
}

void wire(Shelf shelf) {
  FrameBuilder all;
  for (auto const& message : samples::every_message()) {
    shelf.add(encode_message(message));
    all.add(message);
  }
  shelf.add(all.take());
}

void capsule(Shelf shelf) {
  for_each_kind(static_cast<capsule_wire::Command const*>(nullptr), [&](auto const& one) { shelf.add(0, encode(one)); });
  for_each_kind(static_cast<capsule_wire::Report const*>(nullptr), [&](auto const& one) { shelf.add(1, encode(one)); });
  for_each_kind(static_cast<zygote::Request const*>(nullptr), [&](auto const& one) { shelf.add(2, encode(one)); });
  for_each_kind(static_cast<zygote::Notice const*>(nullptr), [&](auto const& one) { shelf.add(3, encode(one)); });
  capsule_wire::Prepare prepare;
  prepare.job = JobId{7};
  prepare.spec = samples::spec();
  shelf.add(0, encode(capsule_wire::Command(prepare)));
  for (auto image : {test::tiny_image(), test::sample_image({12}, 8, 8)}) {
    std::erase_if(image.manifest.fields, [](Field const& field) { return field.name == "many"; });
    shelf.add(4, encode(image.manifest));
  }
}

void collect_names(nlohmann::json const& json, std::set<std::string>& names) {
  if (!json.is_structured()) return;
  for (auto const& [key, value] : json.items()) {
    if (json.is_object()) names.insert(key);
    collect_names(value, names);
  }
}

void control(Shelf shelf, fs::path const& words) {
  std::set<std::string> names{"jsonrpc", "2.0", "result", "error", "params", "authenticate", "token", "who"};
  auto const add = [&](std::string const& line) {
    shelf.add(line);
    auto const json = nlohmann::json::parse(line);
    collect_names(json, names);
    if (json.contains("method")) names.insert(json["method"]);
  };
  for_each_kind(static_cast<Command const*>(nullptr), [&](Command const& one) { add(*rpc::encode_request(1, one)); });
  for_each_kind(static_cast<Answer const*>(nullptr), [&](Answer const& one) { add(rpc::encode_answer("1", one)); });
  Axis axis;
  axis.name = "seed";
  axis.values = {"a", "b"};
  add(*rpc::encode_request(7, cmd::Submit{.jobs = {JobArray(samples::spec(), {axis})}}));
  cmd::JobRow row;
  row.job = JobId{7};
  row.spec = samples::spec();
  row.outcome = Outcome{Ending::crashed, "killed", "last words", 99, 7s};
  row.axes = {axis};
  add(rpc::encode_answer("\"text\"", cmd::Jobs{{row}}));
  add(rpc::encode_request(1, rpc::Authenticate{"token", "anna@node3 (pid 4711)"}));
  add(rpc::encode_error({"null", -32600, reject("invalid_request", "no")}));
  put_words(words, names);
}

void workload(Shelf shelf, fs::path const& words) {
  std::set<std::string> names{"true", "false", "auto", "never", "finished", "ended", "10min", "2GiB", "1..100", "%{seed}", "%{index}"};
  for (auto const& keys : {top_keys(), own_keys(), common_keys(), account_keys(), checkpoint_keys(), axis_keys()}) {
    for (auto const& name : names_of(keys)) names.insert(name);
  }
  put_words(words, names);
  shelf.add("godwit: 1\njobs: {plate: {type: heat}}\n");
  shelf.add(R"(godwit: 1
accounts:
  chem:      {shares: 3, cores_max: 8}
  chem/anna: {shares: 2, hosts: [1, 2]}
defaults:
  account: chem/anna
  memory: 2GiB
  checkpoint: {every: auto, keep: 2, keep_every: 1h, quota: 10GiB, compress: true, partner: true}
  environment: {OMP_NUM_THREADS: 2}
jobs:
  sweep:
    type: heat
    array: {alpha: [0.1, 0.2, 0.4], seed: 1..100..3}
    args: {steps: 5000, output: "out-%{alpha}-%{seed}.csv"}
    checkpoint: {every: 10min, keep_every: 3}
    max_failed: 10
    stdout: "%{index}.txt"
    resources: {gpu: 1}
    labels: [bigmem, avx512]
    priority: -3
    together: ring
    apart: twins
  report:
    name: summary
    type: merge
    args: {output: report.txt}
    after: {sweep: finished}
    host: 2
    cwd: work
    time_limit: 6h
    step_limit: 90s
    crash_limit: 5
    host_loss_limit: 0
  last:
    type: merge
    after: [summary, 7]
)");
  shelf.add("godwit: 1\ndefaults: &d {cores: 2}\njobs:\n  a: {type: heat, args: {x: &y 3, z: *y}}\n  b: {type: grep, after: a}\n");
  shelf.add("godwit: 1\njobs: {files: {type: grep, array: {input: {glob: '*.csv'}, line: {lines: words.txt}}}}\n");
  for (auto const* word : {"1h30min", "2GiB", "seed=1..100", "1-100:7", "size=s,m,l", "afterok:7:8", "plate:ended", "gpu=2",
                           "1-3,5: bigmem gpu=0,1", "all: licence=a,b", "per-node", "key=value"}) {
    shelf.add(word);
  }
}

void journal(Shelf shelf) {
  Log every{Term{1}, {}, {}};
  for_each_kind(static_cast<LedgerEvent const*>(nullptr), [&](LedgerEvent const& event) {
    shelf.add(encode(Logs{{Term{1}, {encode(event)}, {}}}));
    every.records.push_back(encode(event));
  });
  shelf.add(encode(Logs{every}));
  Axis axis;
  axis.name = "seed";
  axis.count = 100;
  auto const began = encode(LedgerEvent(log::WorldBegan{.term = Term{1}, .ranks = 3, .at = {1}, .seals = {}}));
  std::vector<Bytes> story{began};
  auto const tell = [&](LedgerEvent const& event) { story.push_back(encode(event)); };
  tell(log::Submitted{.job = JobId{1}, .work = samples::spec(), .at = {2}});
  tell(log::Submitted{.job = JobId{2}, .work = JobArray(samples::spec(), {axis}), .at = {2}});
  tell(log::Granted{.job = JobId{1}, .epoch = Epoch{1}, .host = Rank{1}, .at = {3}});
  tell(log::Started{.job = JobId{1}, .epoch = Epoch{1}, .at = {4}});
  tell(log::Intent{.job = JobId{1}, .source = Rank{1}, .target = Rank{2}, .target_epoch = Epoch{2}, .thaw_epoch = Epoch{3}});
  tell(log::Moved{.job = JobId{1}, .epoch = Epoch{2}});
  tell(log::HostLost{.host = Rank{2}});
  tell(log::HostFenced{.host = Rank{2}});
  shelf.add(encode(Logs{{Term{1}, story, to_bytes("torn")}}));
  auto const next = encode(LedgerEvent(
      log::TermBegan{.term = Term{2}, .allocator = Rank{2}, .at = {9}, .seals = {{Term{1}, story.size()}}}));
  shelf.add(encode(Logs{{Term{1}, story, {}}, {Term{2}, {next}, to_bytes("torn")}}));
  shelf.add("not a record at all");
}

Recipe recipe_of(test::Image const& image) {
  Recipe recipe;
  recipe.format = checkpoint_format;
  recipe.job = image.label.job.number();
  recipe.element = image.label.job.element();
  recipe.label = encode(layout::record_of(image.label, {1'795'252'447'123'456'000}, "0.0.0"));
  recipe.manifest = encode(image.manifest);
  recipe.specification = {R"({"cores": 2, "memory_bytes": 1, "environment": {"A": "b"}, "resources": {"gpu": 1}, "labels": ["x"]})"};
  recipe.output = {"a line"};
  for (auto const& array : image.manifest.arrays) recipe.arrays.push_back({to_bytes(array.name), {}, {}, {}, {}});
  return recipe;
}

// Its large arrays compressed.
Recipe in_chunks(test::Image const& image) {
  auto recipe = recipe_of(image);
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < recipe.arrays.size(); ++i) {
    auto const& array = image.manifest.arrays[i];
    auto& part = recipe.arrays[i];
    part.data.clear();
    if (!layout::is_slab(array)) continue;
    ChunkPlan const plan(array.shape, width_bytes(array.scalar));
    Compressor compressor(width_bytes(array.scalar));
    for (std::uint64_t n = 0; n < plan.count(); ++n) {
      auto const chunk = plan.chunk(n);
      auto const stored = compressor.compress(ByteView(image.pages).subspan(array.offset + chunk.first, chunk.bytes), plan.chunk_bytes());
      part.chunks.push_back({0, chunk.first, at, stored.size(), plan.chunk_bytes()});
      part.data.insert(part.data.end(), stored.begin(), stored.end());
      at += stored.size();
    }
  }
  return recipe;
}

void checkpoint(Shelf shelf, Shelf files) {
  auto image = test::sample_image({12}, 70, 60);
  std::erase_if(image.manifest.fields, [](Field const& field) { return field.name == "many"; });
  auto recipe = recipe_of(image);
  shelf.add(encode(recipe));
  recipe.needed = {{"1-1.h5", 0}};
  for (auto& array : recipe.arrays) array.places = {{0, 2, 1, 0}, {2, 1, 0, 0}, {3, 6, 1, 4096}};
  shelf.add(encode(recipe));
  auto const tiny = recipe_of(test::tiny_image());
  shelf.add(encode(tiny));
  // What no writer makes, so that mutations needn't find the way: lists where one text belongs, other shapes, digests as given.
  auto odd = recipe;
  odd.specification.push_back("{}");
  shelf.add(encode(odd));
  odd = recipe;
  odd.output.push_back("another line");
  shelf.add(encode(odd));
  odd = recipe;
  odd.arrays.back().blocks = {1};
  odd.needed.clear();
  shelf.add(encode(odd));
  for (auto& array : odd.arrays) array = {to_bytes("x"), {3, 5}, {}, {}, {}};
  shelf.add(encode(odd));
  image.manifest.arena_bytes = std::numeric_limits<std::uint64_t>::max();
  image.manifest.arrays = {{"temperature", Scalar::u8, {image.manifest.arena_bytes}, 0, image.manifest.arena_bytes}};
  odd = recipe_of(image);
  odd.needed = {{"1-1.h5", 0}};
  shelf.add(encode(odd));
  image = test::sample_image({12}, 70, 60);
  image.manifest.fields.clear();
  shelf.add(encode(in_chunks(image)));
  auto part = in_chunks(image);
  part.needed = {{"1-1.h5", 0}};
  for (auto& array : part.arrays) array.places = {{0, 4, 0, 4096}, {4, 4, 1, 0}, {8, 1, 0, 0}};
  shelf.add(encode(part));
  require(make_file(tiny, scratch() / "tiny.h5"), "no file can be made of the tiny image");
  auto const file = test::read_file(scratch() / "tiny.h5");
  shelf.add(file);
  files.add(file);
  image.manifest.arrays.resize(2);
  require(make_file(recipe_of(image), scratch() / "small.h5"), "no file can be made of the sample");
  files.add(test::read_file(scratch() / "small.h5"));
}

}  // namespace
}  // namespace godwit::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: godwit-make-seeds DIR\n");
    return 2;
  }
  namespace fuzz = godwit::fuzz;
  std::filesystem::path const seeds(argv[1]);
  fuzz::wire({seeds, "wire"});
  fuzz::capsule({seeds, "capsule"});
  fuzz::control({seeds, "control"}, seeds / "control.dict");
  fuzz::workload({seeds, "workload"}, seeds / "workload.dict");
  fuzz::journal({seeds, "journal"});
  fuzz::checkpoint({seeds, "checkpoint"}, {seeds, "forged"});
  return 0;
}
