// What `godwit simulate` prints: tables for people, JSON and CSV for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/godwit/json.hpp"
#include "simulate/figures.hpp"
#include "simulate/queueing.hpp"

namespace godwit::cli {

struct Simulated {
  simulate::Outcome outcome;
  simulate::Figures figures;
  double cpu_s{0};  // of the simulation

  [[nodiscard]] double events_per_s() const {
    return cpu_s > 0 ? static_cast<double>(figures.events) / cpu_s : 0;
  }
};

// A row for each policy, then one for each of the first accounts. 0: all accounts.
[[nodiscard]] std::string table_of(std::vector<Simulated> const& all, std::size_t accounts_max);
[[nodiscard]] std::string table_of(std::vector<simulate::QueueingFigures> const& all);

// {"policies": [...]} with a "by_account" each; the keys of one that is alone also beside it.
void add_policies(Json& json, std::vector<Simulated> const& all);
[[nodiscard]] Json json_of(simulate::QueueingFigures const& figures);

// policy,account,time_s,jobs,mean_wait_s
[[nodiscard]] std::string csv_of(std::vector<Simulated> const& all);

}  // namespace godwit::cli
