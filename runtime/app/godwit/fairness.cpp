// Who gets what, and why: shares explain accounts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/workload.hpp"

namespace godwit::cli {
namespace {

// ---- shares

// "chem/anna" is "  anna" below "chem".
std::string spell_account(std::string const& path) {
  auto const depth = std::count(path.begin(), path.end(), '/');
  return std::string(2 * static_cast<std::size_t>(depth), ' ') + path.substr(path.rfind('/') + 1);
}

std::string spell_cores(std::int64_t millicores) {
  return fmt::format("{:.1f}", static_cast<double>(millicores) / 1000);
}

std::string spell_trend(std::int64_t trend) {
  return trend == 0 ? "–" : fmt::format("{:+.1f}", static_cast<double>(trend) / 1000);
}

std::string in_capitals(std::string words) {
  std::ranges::transform(words, words.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return words;
}

int list_shares(Invocation const& invocation) {
  auto const shares = ask_once<cmd::Shares>(invocation, cmd::ListShares{});
  if (!shares) return invocation.complain(shares.failure());
  if (invocation.json) {
    print_json({{"policy", shares->policy},
                {"measure", shares->measure},
                {"next", shares->next},
                {"accounts", json_list(shares->rows)}});
    return exit_done;
  }
  auto const any = [&](auto member) { return std::ranges::any_of(shares->rows, member); };
  bool const owned = any([](cmd::ShareRow const& row) { return !row.hosts.empty(); });
  bool const capped = any([](cmd::ShareRow const& row) { return row.cores_max > 0; });
  std::vector<Table::Column> columns{{"ACCOUNT"},
                                     {"SHARES", Table::Align::right},
                                     {"ENTITLED", Table::Align::right},
                                     {"RUNNING", Table::Align::right},
                                     {"WAITING", Table::Align::right}};
  if (!shares->measure.empty()) columns.push_back({in_capitals(shares->measure), Table::Align::right});
  bool const moves = shares->measure == "index";
  if (moves) columns.push_back({"TREND", Table::Align::right});
  columns.push_back({"USED", Table::Align::right});
  columns.push_back({"NEXT", Table::Align::right});
  if (capped) columns.push_back({"AT MOST", Table::Align::right});
  if (owned) columns.push_back({"OWNS"});
  Table table(std::move(columns));
  for (auto const& row : shares->rows) {
    std::vector<std::string> cells{spell_account(row.path),
                                   spell_count(static_cast<std::uint64_t>(row.shares)),
                                   spell_cores(row.entitled_millicores), spell_cores(row.running_millicores),
                                   spell_count(static_cast<std::uint64_t>(row.waiting))};
    if (!shares->measure.empty()) cells.push_back(row.standing);
    if (moves) cells.push_back(spell_trend(row.trend));
    cells.push_back(fmt::format("{:.2f} h", static_cast<double>(row.usage_core_us) / 3.6e9));
    cells.push_back(row.at_cap ? "at most" : row.served_next == 0 ? "–" : fmt::format("{}", row.served_next));
    if (capped) cells.push_back(row.cores_max == 0 ? "–" : fmt::format("{}", row.cores_max));
    if (owned) cells.push_back(fmt::format("{}", fmt::join(row.hosts, " ")));
    table.add(std::move(cells));
  }
  fmt::print("{}\npolicy {}. {}\n", table.text(), shares->policy, shares->next);
  return exit_done;
}

// ---- explain

int explain(Invocation const& invocation, std::string const& job) {
  auto const explained = ask_once<cmd::Explained>(invocation, cmd::Explain{job});
  if (!explained) return invocation.complain(explained.failure());
  if (explained->left_out > 0) {
    fmt::print(stderr, "{} more are left out: name some of them, such as 7_1001-2000 or 7@waiting\n",
               spell_count(explained->left_out));
  }
  if (invocation.json) {
    print_json(json_list(explained->rows));
    return exit_done;
  }
  for (auto const& row : explained->rows) {
    fmt::print("job {}   {}\n", row.job, to_string(row.state));
    for (auto const& sentence : row.sentences) fmt::print("  {}\n", sentence);
    for (auto const& [at, what] : row.decisions) fmt::print("  {}: {}\n", spell_time(at), what);
  }
  return exit_done;
}

// ---- accounts

int set_accounts(Invocation const& invocation, std::string const& file) {
  auto rules = read_accounts(file);
  if (!rules) return invocation.complain(rules.failure(), exit_usage);
  auto const set = ask_once<cmd::AccountsSet>(invocation, cmd::SetAccounts{*std::move(rules)});
  if (!set) return invocation.complain(set.failure());
  if (invocation.json) {
    print_json({{"accounts", set->rules}});
  } else {
    fmt::print("{} account{} and group{} from now on\n", set->rules, set->rules == 1 ? "" : "s",
               set->rules == 1 ? "" : "s");
  }
  return exit_done;
}

}  // namespace

void add_fairness_verbs(CLI::App& app, Invocation& invocation) {
  auto& shares = add_verb(app, invocation, "shares",
                          "Accounts: who is entitled to what, has what, and comes next", "godwit shares");
  shares.footer(
      "\nENTITLED and RUNNING are in cores, USED in core-hours. Who runs more than it is entitled to has a\n"
      "rising INDEX, who waits below it a falling one; the lowest is served first, at each level of the\n"
      "tree. (Other policies order them by another figure, which stands there instead, or by none.) NEXT\n"
      "is the account's place in that order; 'at most': it may have no more at once." +
      shares.get_footer());
  shares.callback([&invocation] { invocation.action = [&invocation] { return list_shares(invocation); }; });

  auto& why = add_verb(app, invocation, "explain", "Why a job waits, or runs where it does",
                       "godwit explain 7\ngodwit explain sweep@waiting");
  auto job = std::make_shared<std::string>();
  why.add_option("JOB", *job, job_help)->required()->type_name("");
  why.callback(
      [&invocation, job] { invocation.action = [&invocation, job] { return explain(invocation, *job); }; });

  auto& accounts =
      add_verb(app, invocation, "accounts", "Replace the accounts' shares while the runtime is up",
               "godwit accounts shares.yaml      # accounts: {chem: {shares: 3}, bio: {}}");
  auto file = std::make_shared<std::string>();
  accounts.add_option("FILE", *file, "A YAML file with 'accounts:', as in a workload file")
      ->required()
      ->type_name("");
  accounts.callback([&invocation, file] {
    invocation.action = [&invocation, file] { return set_accounts(invocation, *file); };
  });
}

}  // namespace godwit::cli
