#include "app/workload/workload.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "app/workload/reader.hpp"

namespace godwit {

Result<std::vector<JobArray>> read_workload(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::ostringstream content;
  if (in) content << in.rdbuf();
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    auto const* why = errno != 0 ? std::strerror(errno) : "it can't be read";
    return reject("unreadable_workload", fmt::format("workload file {}: {}", file.string(), why));
  }
  try {
    WorkloadReader reader(file);
    reader.read(YAML::Load(content.str()));
    if (reader.mistakes().empty()) return reader.jobs();
    return reject("bad_workload", fmt::format("{}", fmt::join(reader.mistakes(), "\n")));
  } catch (YAML::Exception const& broken) {
    return reject("bad_workload",
                  fmt::format("{}:{}: not valid YAML: {}", file.string(), broken.mark.line + 1, broken.msg));
  }
}

}  // namespace godwit
