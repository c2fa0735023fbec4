#include "testing/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "edge/capsules/link/printed.hpp"
#include "testing/job_types.hpp"
#include "testing/performance.hpp"

namespace godwit::testing {

namespace fs = std::filesystem;

namespace {

constexpr JobId the_job{1};

std::string contents_of(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Failure no_disk(fs::path const& path, std::string const& why) {
  return reject("no_disk", fmt::format("cannot write {}: {}", path.native(), why));
}

// A name that stays in the run's directory.
Status check_inside(std::string const& name) {
  auto const path = fs::path(name).lexically_normal();
  if (!name.empty() && path.is_relative() && !path.native().starts_with("..")) return Done{};
  return reject("bad_name", fmt::format("'{}' isn't a name in the run's own directory", name));
}

}  // namespace

std::string Plan::how() const {
  if (kind == Kind::undisturbed) return "undisturbed";
  auto const* const verb = kind == Kind::moves ? "moved" : "restarted";
  return every == 1 ? fmt::format("{} at every step", verb) : fmt::format("{} every {} steps", verb, every);
}

Rehearsal::Rehearsal(Piece piece) : piece_(std::move(piece)) {}

Rehearsal::~Rehearsal() = default;

Status Rehearsal::set_scene() {
  auto const work = place_.path() / "work";
  try {
    fs::remove_all(work);
    fs::remove_all(place_.path() / "store" / "jobs");
    fs::create_directories(work);
    for (auto const& directory : piece_.directories) fs::create_directories(work / directory);
    for (auto const& [name, contents] : piece_.files) {
      if (auto status = check_inside(name); !status) return status;
      fs::create_directories((work / name).parent_path());
      std::ofstream file(work / name, std::ios::binary);
      if (!(file << contents)) return no_disk(work / name, std::strerror(errno));
    }
    for (auto const& [name, from] : piece_.copies) {
      if (auto status = check_inside(name); !status) return status;
      fs::create_directories((work / name).parent_path());
      fs::copy(from, work / name, fs::copy_options::recursive);
    }
  } catch (fs::filesystem_error const& error) {
    return no_disk(error.path1(), error.code().message());
  }
  return Done{};
}

Result<Run> Rehearsal::run(Plan const& plan) {
  if (plan.kind == Plan::Kind::undisturbed && spare_) {
    auto run = *std::move(spare_);
    spare_.reset();
    return run;
  }
  if (plan.kind != Plan::Kind::undisturbed && !steps_undisturbed_) {
    auto calm = perform({});
    if (!calm) return calm;
    spare_ = *std::move(calm);
  }
  return perform(plan);
}

Result<Run> Rehearsal::perform(Plan const& plan) {
  if (!place_.made()) return place_.made().failure();
  if (!type_) {
    auto types =
        find_job_types(piece_.type, piece_.plugins, piece_.capsule_program, place_.path() / "store");
    if (!types) return types.failure();
    if (auto status = check_arguments(types->front(), piece_.arguments); !status) return status.failure();
    type_ = std::move(types->front());
  }
  if (auto status = set_scene(); !status) return status.failure();
  auto zygote = ZygoteProcess::launch(piece_.capsule_program);
  if (!zygote) return zygote.failure();

  CapsuleOrder order;
  order.job = the_job;
  order.host = Rank{1};
  order.spec.type = piece_.type;
  order.spec.arguments = piece_.arguments;
  order.spec.environment = piece_.environment;
  order.spec.directory = (place_.path() / "work").native();
  order.spec.plugin_digest = type_->plugin_digest;
  Performance performance(*std::move(zygote), place_.path() / "store", std::move(order), plan,
                          piece_.patience);
  performance.ask_whether(piece_.interrupted);
  if (steps_undisturbed_) performance.give_up_after(2 * *steps_undisturbed_ + 100);
  auto run = performance.play();
  if (!run) return run.failure();
  if (plan.kind == Plan::Kind::undisturbed) steps_undisturbed_ = run->steps;
  run->out = contents_of(place_.path() / "store" / printed_path(the_job, "stdout"));
  run->err = contents_of(place_.path() / "store" / printed_path(the_job, "stderr"));
  gather_files(*run);
  if (piece_.keep) put_away(*run);
  return run;
}

void Rehearsal::gather_files(Run& run) const {
  auto const work = place_.path() / "work";
  for (auto const& entry : fs::recursive_directory_iterator(work)) {
    if (entry.is_regular_file()) {
      run.files[fs::relative(entry.path(), work).native()] = contents_of(entry.path());
    }
  }
}

void Rehearsal::put_away(Run const& run) const {
  auto name = run.how;
  std::ranges::replace(name, ' ', '-');
  auto const directory = *piece_.keep / name;
  std::error_code ignored;  // it is for looking at only
  fs::remove_all(directory, ignored);
  fs::create_directories(directory, ignored);
  fs::copy(place_.path() / "work", directory / "files", fs::copy_options::recursive, ignored);
  std::ofstream(directory / "stdout", std::ios::binary) << run.out;
  std::ofstream(directory / "stderr", std::ios::binary) << run.err;
  std::ofstream state(directory / "state");
  state << "outcome: " << run.outcome << "\nsteps: " << run.steps << '\n';
  for (auto const& [field, value] : run.fields) state << field << ": " << value.value << '\n';
}

}  // namespace godwit::testing
