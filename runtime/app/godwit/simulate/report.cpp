#include "app/godwit/simulate/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/format.hpp"

namespace godwit::cli {
namespace {

constexpr std::size_t csv_spans{200};
constexpr auto to_the_right = Table::Align::right;

std::string spell_s(double seconds) {
  return fmt::format("{:.{}f} s", seconds, seconds < 100 ? 1 : 0);
}

Json json_of_waits(simulate::Waits const& waits) {
  return {{"jobs", waits.jobs},
          {"mean_wait_s", waits.mean_wait_s},
          {"p95_wait_s", waits.p95_wait_s},
          {"p99_wait_s", waits.p99_wait_s},
          {"mean_bounded_slowdown", waits.mean_bounded_slowdown},
          {"wait_ratio", waits.wait_ratio}};
}

Json json_of_one(Simulated const& one) {
  auto const& figures = one.figures;
  Json json{{"policy", figures.policy}};
  json.update(json_of_waits(figures.waits));
  json.update(Json{{"accounts", figures.accounts.size()},
                   {"light_wait_ratio", figures.light.wait_ratio},
                   {"jain_slowdown", figures.jain_slowdown},
                   {"utilisation", figures.utilisation},
                   {"makespan_s", figures.makespan_s},
                   {"preemptions", figures.preemptions},
                   {"never_fit", figures.never_fit},
                   {"events", figures.events},
                   {"cpu_s", one.cpu_s},
                   {"events_per_s", one.events_per_s()}});
  return json;
}

Json json_of_accounts(simulate::Figures const& figures) {
  auto list = Json::array();
  for (auto const& account : figures.accounts) {
    Json json{{"account", account.account}};
    json.update(json_of_waits(account.waits));
    json["core_s"] = account.core_s;
    json["preemptions"] = account.preemptions;
    list.push_back(std::move(json));
  }
  return list;
}

simulate::AccountFigures const* account_in(simulate::Figures const& figures, std::string const& account) {
  auto const found = std::find_if(figures.accounts.begin(), figures.accounts.end(),
                                  [&](auto const& one) { return one.account == account; });
  return found == figures.accounts.end() ? nullptr : &*found;
}

std::string policies_table(std::vector<Simulated> const& all) {
  Table table({{"POLICY"},
               {"JOBS", to_the_right},
               {"MEAN WAIT", to_the_right},
               {"P95", to_the_right},
               {"P99", to_the_right},
               {"SLOWDOWN", to_the_right},
               {"JAIN", to_the_right},
               {"WAIT/RUN", to_the_right},
               {"LIGHT", to_the_right},
               {"USED", to_the_right},
               {"MAKESPAN", to_the_right},
               {"PREEMPTED", to_the_right},
               {"EVENTS/S", to_the_right}});
  for (auto const& one : all) {
    auto const& [figures, waits] = std::tie(one.figures, one.figures.waits);
    table.add({figures.policy, spell_count(waits.jobs), spell_s(waits.mean_wait_s), spell_s(waits.p95_wait_s),
               spell_s(waits.p99_wait_s), fmt::format("{:.4f}", waits.mean_bounded_slowdown),
               fmt::format("{:.4f}", figures.jain_slowdown), fmt::format("{:.3f}", waits.wait_ratio),
               fmt::format("{:.3f}", figures.light.wait_ratio),
               fmt::format("{:.1f} %", 100 * figures.utilisation), spell_s(figures.makespan_s),
               spell_count(figures.preemptions),
               spell_count(static_cast<std::uint64_t>(one.events_per_s()))});
  }
  return table.text();
}

std::string accounts_table(std::vector<Simulated> const& all, std::size_t accounts_max) {
  std::vector<Table::Column> columns{{"ACCOUNT"}, {"JOBS", to_the_right}, {"CORE HOURS", to_the_right}};
  for (auto const& one : all) columns.push_back({"WAIT " + one.figures.policy, to_the_right});
  Table table(std::move(columns));
  auto const& accounts = all.front().figures.accounts;
  auto const shown = accounts_max == 0 ? accounts.size() : std::min(accounts.size(), accounts_max);
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<std::string> cells{accounts[i].account, spell_count(accounts[i].waits.jobs),
                                   fmt::format("{:.1f}", accounts[i].core_s / 3600)};
    for (auto const& one : all) {
      auto const* account = account_in(one.figures, accounts[i].account);
      cells.push_back(account == nullptr ? "–" : spell_s(account->waits.mean_wait_s));
    }
    table.add(std::move(cells));
  }
  auto text = table.text();
  if (shown < accounts.size()) {
    text += fmt::format("and {} more accounts: --top 0 shows all\n", spell_count(accounts.size() - shown));
  }
  return text;
}

}  // namespace

std::string table_of(std::vector<Simulated> const& all, std::size_t accounts_max) {
  return policies_table(all) + "\n" + accounts_table(all, accounts_max);
}

std::string table_of(std::vector<simulate::QueueingFigures> const& all) {
  Table table({{"MOVES BY"},
               {"THRESHOLD", to_the_right},
               {"LOAD", to_the_right},
               {"MEAN RESPONSE", to_the_right},
               {"MOVES/JOB", to_the_right},
               {"PROBES/JOB", to_the_right}});
  for (auto const& one : all) {
    table.add({one.how, one.threshold > 0 ? fmt::format("{}", one.threshold) : "–",
               fmt::format("{:.2f}", one.load), fmt::format("{:.3f} s", one.mean_response_s),
               fmt::format("{:.3f}", one.moves_per_job), fmt::format("{:.3f}", one.probes_per_job)});
  }
  return table.text();
}

void add_policies(Json& json, std::vector<Simulated> const& all) {
  if (all.size() == 1) json.update(json_of_one(all.front()));
  auto list = Json::array();
  for (auto const& one : all) {
    list.push_back(json_of_one(one));
    list.back()["by_account"] = json_of_accounts(one.figures);
  }
  json["policies"] = std::move(list);
}

Json json_of(simulate::QueueingFigures const& figures) {
  return {{"policy", figures.how},
          {"threshold", figures.threshold > 0 ? Json(figures.threshold) : Json()},
          {"load", figures.load},
          {"mean_response_s", figures.mean_response_s},
          {"moves_per_job", figures.moves_per_job},
          {"probes_per_job", figures.probes_per_job}};
}

std::string csv_of(std::vector<Simulated> const& all) {
  std::string text = "policy,account,time_s,jobs,mean_wait_s\n";
  for (auto const& one : all) {
    for (auto const& point : simulate::waits_over_time(one.outcome, csv_spans)) {
      text += fmt::format("{},{},{:.1f},{},{:.3f}\n", one.figures.policy, point.account, point.time_s,
                          point.jobs, point.mean_wait_s);
    }
  }
  return text;
}

}  // namespace godwit::cli
