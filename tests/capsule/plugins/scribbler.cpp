// A job that idles, and writes to pages of its array when it is told to, in several ways.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <godwit/job.hpp>

namespace {

constexpr std::uint64_t words_of_page = 512;

class Scribbler : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override { p("pages", pages_, std::int64_t{1024}, "of 4096 bytes"); }
  void describe(godwit::State& s) override { s.array("cells", cells_); }
  void start(godwit::Context& c) override {
    c.allocate(cells_, {static_cast<std::uint64_t>(pages_), words_of_page});
    for (std::int64_t page = 0; page < pages_; ++page) at(page) = page;
  }
  godwit::Step step(godwit::Context&) override {
    return over_ ? godwit::Step::done() : godwit::Step::again_in(std::chrono::milliseconds(1));
  }
  void methods(godwit::Methods& m) override {
    m.on("write", "one word of the page", [this](std::int64_t page) { ++at(page); });
    m.on("value", "of the page's word", [this](std::int64_t page) { return at(page); });
    m.on("read", "into the page, by the kernel", [this](std::int64_t page) {
      auto const file = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
      auto const got = ::read(file, &at(page), 8);
      ::close(file);
      return static_cast<std::int64_t>(got);
    });
    m.on("child", "writes to the page", [this](std::int64_t page) {
      auto const child = ::fork();
      if (child == 0) {
        ++at(page);
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
    });
    m.on("system", "starts a program", [] { return static_cast<std::int64_t>(std::system("true")); });
    m.on("end", "the job", [this] { over_ = true; });
  }

 private:
  std::int64_t& at(std::int64_t page) { return cells_(static_cast<std::uint64_t>(page), 0); }

  std::int64_t pages_ = 0;
  bool over_ = false;
  godwit::Array<std::int64_t> cells_;
};

}  // namespace

GODWIT_JOB(Scribbler, "scribbler", 1)
