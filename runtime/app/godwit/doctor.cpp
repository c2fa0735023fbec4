// `godwit doctor`: looks whether this machine and store have what a runtime needs; says what to do if not.
#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/doctor/examine.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

using Verdict = Finding::Verdict;

char const* word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warn:
      return "warn";
    case Verdict::fail:
      return "fail";
  }
  return "unknown";
}

int doctor(Invocation const& invocation) {
  auto const programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  auto document = Json::array();
  std::ptrdiff_t warned = 0, failed = 0;
  auto const tell = [&](Findings const& some) {
    for (auto const& one : some) {
      warned += one.verdict == Verdict::warn;
      failed += one.verdict == Verdict::fail;
      document.push_back({{"topic", one.topic},
                          {"verdict", word_for(one.verdict)},
                          {"found", one.found},
                          {"advice", one.advice}});
      if (invocation.json) continue;
      fmt::print("{:<5} {:<14} {}\n", word_for(one.verdict), one.topic, one.found);
      if (!one.advice.empty()) fmt::print("{:21}→ {}\n", "", one.advice);
    }
    std::fflush(stdout);
  };
  tell(examine_machine());
  tell(examine_tracking());
  tell(examine_launcher(programs));
  tell(examine_plugins(programs));
  tell(examine_store(invocation.store()));
  tell(examine_runtime(invocation.store()));
  if (invocation.json) {
    print_json(document);
  } else if (failed > 0) {
    fmt::print("{} failed, {} to be looked at\n", failed, warned);
  } else {
    fmt::print("all is well{}\n", warned == 0 ? "" : fmt::format(", {} to be looked at", warned));
  }
  return failed > 0 ? exit_refused : exit_done;
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
  add_verb(app, invocation, "doctor",
           "Try out what a runtime needs of this machine and store; 1 if anything fails",
           "godwit doctor\ngodwit doctor --store /scratch/me/store --json")
      .callback([&invocation] { invocation.action = [&invocation] { return doctor(invocation); }; });
}

}  // namespace godwit::cli
