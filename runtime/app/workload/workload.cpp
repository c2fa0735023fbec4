#include "app/workload/workload.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "app/workload/reader.hpp"

namespace godwit {

namespace {

template <class Read>
auto read_file(std::filesystem::path const& file, Read read) -> decltype(read(YAML::Node())) {
  std::ifstream in(file);
  std::ostringstream content;
  if (in) content << in.rdbuf();
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    auto const* why = errno != 0 ? std::strerror(errno) : "it can't be read";
    return reject("unreadable_workload", fmt::format("workload file {}: {}", file.string(), why));
  }
  try {
    return read(YAML::Load(content.str()));
  } catch (YAML::Exception const& broken) {
    return reject("bad_workload",
                  fmt::format("{}:{}: not valid YAML: {}", file.string(), broken.mark.line + 1, broken.msg));
  }
}

Failure bad_workload(WorkloadReader const& reader) {
  return reject("bad_workload", fmt::format("{}", fmt::join(reader.mistakes(), "\n")));
}

}  // namespace

Result<Workload> read_workload(std::filesystem::path const& file) {
  return read_file(file, [&](YAML::Node const& document) -> Result<Workload> {
    WorkloadReader reader(file);
    reader.read(document);
    if (!reader.mistakes().empty()) return bad_workload(reader);
    return Workload{reader.accounts(), reader.jobs()};
  });
}

Result<std::vector<AccountRule>> read_accounts(std::filesystem::path const& file) {
  return read_file(file, [&](YAML::Node const& document) -> Result<std::vector<AccountRule>> {
    WorkloadReader reader(file);
    reader.read_only_accounts(document);
    if (!reader.mistakes().empty()) return bad_workload(reader);
    return *reader.accounts();
  });
}

}  // namespace godwit
