// A plugin that takes its process down while it is loaded.
#include <cstdlib>

#include <godwit/job.hpp>

namespace {

struct Explosion {
  Explosion() { std::abort(); }
} const explosion;

struct Nothing : godwit::Job {
  void parameters(godwit::Parameters&) override {}
  void describe(godwit::State&) override {}
  void start(godwit::Context&) override {}
  godwit::Step step(godwit::Context&) override { return godwit::Step::done(); }
};

}  // namespace

GODWIT_JOB(Nothing, "nothing", 1)
