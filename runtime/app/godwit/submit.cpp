// `godwit submit`: hand jobs to a running runtime and say their numbers.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/submission.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

int submit(Invocation const& invocation, Submission const& submission) {
  auto const request = jobs_of(submission);
  if (!request) return invocation.complain(request.failure(), exit_usage);
  if (request->submit.jobs.empty()) {
    return invocation.complain(reject("usage",
                                      "what is to be submitted? Give a job type or a workload file; "
                                      "'godwit types' lists the types"),
                               exit_usage);
  }
  if (request->accounts) {
    auto const set = ask_once<cmd::AccountsSet>(invocation, cmd::SetAccounts{*request->accounts});
    if (!set) return invocation.complain(set.failure());
  }
  auto const submitted = ask_once<cmd::Submitted>(invocation, request->submit);
  if (!submitted) return invocation.complain(submitted.failure());
  auto list = Json::array();
  for (std::size_t i = 0; i < submitted->jobs.size(); ++i) {
    auto const& job = request->submit.jobs[i];
    auto const& spec = job.spec;
    bool const adopted = i < submitted->adopted.size() && submitted->adopted[i];
    list.push_back({{"job", json_of(submitted->jobs[i])},
                    {"name", spec.name},
                    {"jobs", job.size()},
                    {"adopted", adopted}});
    if (invocation.json) continue;
    fmt::print("job {} {} {}{}\n", submitted->jobs[i], spec.name.empty() ? spec.type : spec.name,
               adopted ? "is known already" : "submitted",
               job.is_array() ? fmt::format(": {} jobs", spell_count(job.size())) : "");
  }
  if (invocation.json) print_json(list);
  return exit_done;
}

}  // namespace

void add_submit(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "submit", "Submit a job, or the jobs of a workload file",
                        "godwit submit heat n=512 output=plate.csv --name plate\n"
                        "godwit submit heat 'output=%{seed}.csv' --array seed=1..100 --after plate\n"
                        "godwit submit sweep.yaml");
  verb.alias("create");
  auto submission = std::make_shared<Submission>();
  add_submission_options(verb, *submission);
  verb.callback([&invocation, submission] {
    invocation.action = [&invocation, submission] { return submit(invocation, *submission); };
  });
}

}  // namespace godwit::cli
