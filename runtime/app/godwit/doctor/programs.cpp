// The programs that a runtime is made of: mpirun, godwitd, and job types.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "app/godwit/doctor/examine.hpp"
#include "base/time.hpp"
#include "edge/capsules/describe_plugin.hpp"

namespace godwit::cli {
namespace {

using Verdict = Finding::Verdict;

struct Ran {
  int code{-1};  // as a shell has it; 127: there is no such program
  std::string output;
};

// Runs a program with a patience; its stdout and stderr come back together.
Ran run_program(std::vector<std::string> words, Duration patience) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t const child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    if (geteuid() == 0) {  // what `godwit start` does too
      setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
      setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    }
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  Ran ran;
  auto const deadline = std::chrono::steady_clock::now() + patience;
  std::array<char, 4096> buffer{};
  for (ssize_t taken = 1; taken > 0;) {
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd item{ends[0], POLLIN, 0};
    if (left.count() <= 0 || ::poll(&item, 1, static_cast<int>(left.count())) <= 0) {
      if (child > 0) ::kill(-child, SIGKILL);
      ran.output += "\n(it took too long)";
      break;
    }
    taken = ::read(ends[0], buffer.data(), buffer.size());
    if (taken > 0) ran.output.append(buffer.data(), static_cast<std::size_t>(taken));
  }
  ::close(ends[0]);
  int status = 0;
  if (child > 0 && ::waitpid(child, &status, 0) == child)
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

std::string first_line(std::string const& text) {
  return text.substr(0, text.find('\n'));
}

Finding mpirun() {
  auto const ran = run_program({"mpirun", "--version"}, 20s);
  auto const line = first_line(ran.output);
  if (ran.code == 127) {
    return {"mpirun", Verdict::fail, "not found on the PATH",
            "install it: the package openmpi-bin on Debian"};
  }
  auto const marker = line.find("(Open MPI) ");
  if (marker == std::string::npos) {
    return {"mpirun", Verdict::fail, fmt::format("not Open MPI's: {}", line),
            "put Open MPI's mpirun first on the PATH: others end a whole world when one rank dies"};
  }
  auto const version = line.substr(marker + std::string("(Open MPI) ").size());
  if (!version.starts_with("4.1")) {
    return {"mpirun", Verdict::warn, "Open MPI " + version, "Godwit is tried with 4.1; others may differ"};
  }
  return {"mpirun", Verdict::ok, "Open MPI " + version, {}};
}

// Two processes, with the flags a runtime is started with.
Finding mpirun_starts() {
  auto const ran = run_program({"mpirun", "--enable-recovery", "--bind-to", "none", "--oversubscribe",
                                "--mca", "pml", "ob1", "--mca", "btl", "vader,tcp,self", "-n", "2", "true"},
                               60s);
  if (ran.code == 0) return {"launching", Verdict::ok, "mpirun starts processes here", {}};
  return {"launching", Verdict::fail,
          fmt::format("mpirun ends with {}: {}", ran.code, first_line(ran.output)),
          "try 'mpirun -n 2 true' by hand"};
}

// Settings of Open MPI in the environment that would get in the way.
Finding mpi_settings() {
  std::vector<std::string> odd;
  for (auto const* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "OMPI_MCA_mpi_yield_when_idle"}) {
    if (auto const* value = std::getenv(name)) odd.push_back(fmt::format("{}={}", name, value));
  }
  if (odd.empty()) return {"MPI settings", Verdict::ok, "none in the environment", {}};
  return {"MPI settings", Verdict::warn, fmt::format("{}", fmt::join(odd, " ")),
          "'godwit start' gives its own, which win; a godwitd started by hand would take these"};
}

Finding beside(std::filesystem::path const& programs, char const* name) {
  auto const path = programs / name;
  if (::access(path.c_str(), X_OK) == 0) return {name, Verdict::ok, path.string(), {}};
  return {name, Verdict::fail, fmt::format("{}: {}", path.string(), std::strerror(errno)),
          "it belongs beside the command godwit: build or install Godwit again"};
}

// Where godwitd looks, in its order.
std::vector<std::filesystem::path> plugin_directories(std::filesystem::path const& programs) {
  std::vector<std::filesystem::path> directories;
  if (auto const* listed = std::getenv("GODWIT_PLUGINS")) {
    std::istringstream in(listed);
    for (std::string directory; std::getline(in, directory, ':');) {
      if (!directory.empty()) directories.emplace_back(directory);
    }
  }
  for (auto const* near : {"../plugins", "../lib/godwit/plugins"}) {
    std::error_code error;
    if (std::filesystem::is_directory(programs / near, error)) directories.push_back(programs / near);
  }
  return directories;
}

Finding in_directory(ZygoteProcess& zygote, CapsuleId& newest, std::filesystem::path const& directory) {
  auto const topic = "job types";
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".so") files.push_back(at->path());
  }
  auto const where = std::filesystem::weakly_canonical(directory).string();
  if (error)
    return {topic, Verdict::warn, fmt::format("{}: {}", where, error.message()), "see $GODWIT_PLUGINS"};
  std::sort(files.begin(), files.end());
  std::vector<std::string> types, bad;
  for (auto const& file : files) {
    newest = newest.next();
    auto const type = describe_plugin(zygote, newest, file, 30s);
    if (type)
      types.push_back(type->name);
    else
      bad.push_back(type.failure().context);
  }
  auto const found =
      fmt::format("{} in {}", types.empty() ? "none" : fmt::format("{}", fmt::join(types, ", ")), where);
  if (bad.empty()) return {topic, Verdict::ok, found, {}};
  return {topic, Verdict::warn, found, fmt::format("not to be used: {}", fmt::join(bad, "; "))};
}

}  // namespace

Findings examine_launcher(std::filesystem::path const& programs) {
  Findings all{beside(programs, "godwitd"), beside(programs, "godwit-capsule"), mpirun()};
  if (all.back().verdict != Verdict::fail) {
    all.push_back(mpirun_starts());
    all.push_back(mpi_settings());
  }
  return all;
}

Findings examine_plugins(std::filesystem::path const& programs) {
  auto zygote = ZygoteProcess::launch(programs / "godwit-capsule");
  if (!zygote) return {{"job types", Verdict::fail, zygote.failure().context, "no job can run without it"}};
  Findings all;
  CapsuleId newest;
  bool any = false;
  for (auto const& directory : plugin_directories(programs)) {
    all.push_back(in_directory(*zygote, newest, directory));
    any = any || !all.back().found.starts_with("none");
  }
  if (!any) {
    all.push_back(
        {"job types", Verdict::fail, "none found", "set $GODWIT_PLUGINS to where your *.so files are"});
  }
  return all;
}

}  // namespace godwit::cli
