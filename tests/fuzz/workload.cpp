// Workload files, and the words of the command line that are parsed as their values are.
#include "fuzz/fuzz.hpp"

#include "app/workload/argument.hpp"
#include "app/workload/axes.hpp"
#include "app/workload/capability.hpp"
#include "app/workload/workload.hpp"

namespace godwit {
namespace {

constexpr std::size_t word_bytes_max = 200;

template <class T>
void explained(Result<T> const& read) {
  if (!read) fuzz::require(!read.failure().context.empty(), "a refusal without a reason");
}

void read_words(std::string_view text) {
  explained(parse_duration(text));
  explained(parse_size(text));
  explained(parse_pair(text));
  explained(parse_resource(text));
  explained(parse_dependencies(text));
  explained(parse_managers(text));
  explained(parse_range(text));
  explained(parse_capability(text));
  auto const axis = parse_axis(text);
  explained(axis);
  if (axis && axis->size() > 0) (void)axis->value(axis->size() - 1);
  JobSpec spec;
  explained(set_checkpoint_every(text, spec));
  explained(set_keep_every(text, spec.retention));
}

void look_into(JobArray const& job) {
  fuzz::require(check_array(job).ok(), "a job that isn't one");
  auto const encoded = encode(job);
  auto const again = decode<JobArray>(encoded);
  fuzz::require(again.ok() && *again == job, "a job that doesn't survive the wire");
  (void)job.element(1);
  (void)job.element(static_cast<std::uint32_t>(job.size()));
}

}  // namespace
}  // namespace godwit

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  auto const text = fuzz::text_of(data, size);
  // Files that are named in the text are none of the fuzzer's.
  bool const names_files = text.find("glob") != text.npos || text.find("lines") != text.npos;
  if (names_files && text.find('/') != text.npos) return 0;
  if (size <= word_bytes_max) read_words(text);
  auto const path = fuzz::scratch() / "workload.yaml";
  fuzz::put_file(path, fuzz::bytes_of(data, size));
  auto const workload = read_workload(path);
  explained(workload);
  if (workload) {
    for (auto const& job : workload->jobs) look_into(job);
  }
  explained(read_accounts(path));
  return 0;
}
