#include "edge/capsules/inside/witness.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "edge/capsules/link/clock.hpp"

namespace godwit::inside {

namespace {

constexpr std::size_t line_bytes = 128;
constexpr Duration line_span = 10ms;  // then a new line, so that gaps between steps show

}  // namespace

std::optional<Witness> Witness::from_environment() {
  auto const* const directory = std::getenv("GODWIT_WITNESS");
  if (directory == nullptr || *directory == '\0') return std::nullopt;
  std::array<char, 65> name{};
  ::gethostname(name.data(), name.size() - 1);
  std::string host(name.data());
  host.resize(std::min<std::size_t>(host.size(), 20));
  for (int attempt = 0; attempt < 100; ++attempt) {  // an earlier process may have had this pid
    auto const path = fmt::format("{}/{}-{}.{}.witness", directory, host, ::getpid(), attempt);
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file) return Witness(std::move(file), host);
  }
  return std::nullopt;
}

void Witness::took_custody(JobId job, Epoch epoch, std::uint64_t steps, bool leased) {
  job_ = job;
  epoch_ = epoch;
  first_ = steps + 1;
  last_ = steps;
  begin_ = end_ = leased ? boot_now() : Instant{};
  if (!leased) return;
  ++line_;
  write();
}

void Witness::step_done(Instant begin, std::uint64_t steps) {
  if (begin - begin_ > line_span) {
    ++line_;
    first_ = steps;
    begin_ = begin;
  }
  last_ = steps;
  end_ = boot_now();
  write();
}

void Witness::gave_custody() {
  if (begin_ == Instant{}) return;
  end_ = boot_now();
  write();
}

void Witness::write() {
  auto line = fmt::format("{} {} {} {} {} {} {} {}", job_, epoch_, first_, last_, begin_.boot_ns,
                          end_.boot_ns, ::getpid(), host_);
  line.resize(line_bytes - 1, ' ');
  line += '\n';
  [[maybe_unused]] auto const put = ::pwrite(file_.get(), line.data(), line.size(),
                                             static_cast<off_t>(line_) * static_cast<off_t>(line_bytes));
}

}  // namespace godwit::inside
