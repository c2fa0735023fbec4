// `godwit retry` and `godwit restart`: what has ended begins again, as the same job or as a new one. The file that a restart
// begins from is verified here first, digest by digest: better refused now than failed later.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "app/godwit/acknowledge.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/argument.hpp"
#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::cli {
namespace {

struct RestartOptions {
  std::string job, from, plugin;
  std::vector<std::string> arguments;
};

// "12", "5-12", "7:12" or "7:5-12": which job's it is, is checked.
struct Wanted {
  std::string job;
  std::uint64_t epoch{0}, generation{0};
};
Result<Wanted> wanted_of(std::string const& word) {
  Wanted wanted;
  auto const colon = word.rfind(':');
  if (colon != word.npos) wanted.job = word.substr(0, colon);
  auto const text = colon == word.npos ? word : word.substr(colon + 1);
  if (text == "latest") return wanted;
  auto const number = [](std::string const& digits, std::uint64_t& to) {
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), to);
    return error == std::errc{} && end == digits.data() + digits.size() && to > 0;
  };
  auto const dash = text.find('-');
  bool const read = dash == text.npos ? number(text, wanted.generation)
                                      : number(text.substr(0, dash), wanted.epoch) &&
                                            number(text.substr(dash + 1), wanted.generation);
  if (read) return wanted;
  return reject("usage", fmt::format("--from {}: expected a generation such as 12, 5-12 or 7:12; 'godwit inspect list' shows "
                                     "them",
                                     word));
}

Status verify(std::filesystem::path const& path) {
  auto const file = CheckpointFile::open(path);
  auto status = file ? file->verify() : Status(file.failure());
  if (status) return status;
  auto why = status.failure();
  why.context = fmt::format("{}: {}", path.string(), why.context);
  return why;
}

// Of the job's generations the one that is meant, and good; or the newest that is, saying of the others why they aren't.
Result<msg::ImageName> choose(std::filesystem::path const& store, cmd::JobRow const& row, Wanted const& wanted) {
  bool const named = wanted.generation > 0;
  std::optional<Failure> last;
  for (auto const& image : row.images) {
    bool const meant = !named || (image.generation.value == wanted.generation &&
                                  (wanted.epoch == 0 || image.epoch.value == wanted.epoch));
    if (!meant) continue;
    auto const status = verify(store / image.path);
    if (status) return image;
    last = status.failure();
    if (named) break;
    fmt::print(stderr, "godwit: set aside: {}\n", last->context);
  }
  if (!last) return msg::ImageName{Epoch{wanted.epoch}, Generation{wanted.generation}, {}};  // the runtime says what there is
  return data_lost("no_image", fmt::format("{}{}", named ? "" : fmt::format("no generation of job {} verifies: ", row.job),
                                           last->context));
}

int restart(Invocation const& invocation, RestartOptions const& options) {
  cmd::Restart command;
  command.job = options.job;
  command.latest = options.plugin == "latest";
  for (auto const& word : options.arguments) {
    auto const pair = parse_pair(word);
    if (!pair) return invocation.complain(pair.failure(), exit_usage);
    if (!command.arguments.insert(*pair).second) {
      return invocation.complain(reject("usage", fmt::format("the argument '{}' is given twice", pair->first)), exit_usage);
    }
  }
  auto const wanted = wanted_of(options.from.empty() ? "latest" : options.from);
  if (!wanted) return invocation.complain(wanted.failure(), exit_usage);
  auto const rows = ask_once<cmd::Jobs>(invocation, cmd::ShowJob{options.job});
  if (!rows) return invocation.complain(rows.failure());
  if (rows->rows.size() == 1 && !rows->rows.front().elements) {
    auto const& row = rows->rows.front();
    bool const another = !wanted->job.empty() && wanted->job != options.job && wanted->job != fmt::format("{}", row.job) &&
                         wanted->job != row.spec.name;
    if (another) {
      return invocation.complain(reject("usage", fmt::format("--from {} is a generation of another job than {}",
                                                             options.from, options.job)),
                                 exit_usage);
    }
    auto const image = choose(invocation.store(), row, *wanted);
    if (!image) return invocation.complain(image.failure());
    command.epoch = image->epoch.value;
    command.generation = image->generation.value;
  }
  return acknowledge(invocation, command);
}

void add_retry(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "retry", "Let jobs that failed or were cancelled begin again, as the same jobs",
                        "godwit retry 7\ngodwit retry sweep@failed\ngodwit retry 7_3 --afresh");
  auto command = std::make_shared<cmd::Retry>();
  verb.add_option("JOB", command->job, job_help)->required()->type_name("");
  verb.add_flag("--afresh", command->afresh, "From their beginning, not from their newest generation that verifies");
  verb.footer(
      "\nThey wait for a host again with their crashes forgotten. What waits for one that had failed was cancelled, and can\n"
      "be retried after it, or with it: 'godwit retry all'." +
      verb.get_footer());
  verb.callback([&invocation, command] {
    invocation.action = [&invocation, command] { return acknowledge(invocation, *command); };
  });
}

void add_restart(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "restart", "Make a new job that goes on from an old generation of another",
                        "godwit restart 7 --from 12\ngodwit restart plate steps=200000\ngodwit restart 7 --plugin latest");
  auto options = std::make_shared<RestartOptions>();
  verb.add_option("JOB", options->job, one_job_help)->required()->type_name("");
  verb.add_option("ARGUMENT", options->arguments, "key=value: a parameter of its type that changes")->type_name("");
  verb.add_option("--from", options->from, "Which: 12, 7:12 or 'latest'; else the newest that verifies")
      ->type_name("GENERATION");
  verb.add_option("--plugin", options->plugin, "'latest': the newest plugin of its type; else the one that it had")
      ->type_name("latest")
      ->check(CLI::IsMember({"latest"}));
  verb.footer(
      "\nThe old job may have ended, or go on: it is left alone. Where it wrote to PATH, the new one, job 9, writes to\n"
      "PATH.clone-9, which begins as a copy of what there was at that generation." +
      verb.get_footer());
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return restart(invocation, *options); };
  });
}

}  // namespace

void add_again_verbs(CLI::App& app, Invocation& invocation) {
  add_retry(app, invocation);
  add_restart(app, invocation);
}

}  // namespace godwit::cli
