#include "simulate/queueing.hpp"

#include <cmath>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <utility>

namespace godwit::simulate {
namespace {

using policy::Probe;
using policy::Probing;

struct Customer {
  Instant came;
  Duration service;
  bool counts{false};
};

class Hosts {
 public:
  explicit Hosts(Queueing const& setup) : setup_(setup), random_(setup.seed), lines_(setup.hosts) {
    if (setup.how == "none" || setup.how == "central") return;
    for (std::int32_t host = 0; host < setup.hosts; ++host) {
      std::vector<Rank> others;
      for (std::int32_t other = 0; other < setup.hosts; ++other) {
        if (other != host) others.push_back(Rank{other});
      }
      probings_.emplace_back(setup.probing, std::move(others));
    }
  }

  QueueingFigures run() {
    auto const warm_up = setup_.jobs / 10;
    for (std::uint64_t job = 0; job < warm_up + setup_.jobs; ++job) {
      auto const next = now_ + exponential(1.0 / (setup_.load * setup_.hosts));
      while (!ends_.empty() && ends_.top().first <= next) end_one();
      now_ = next;
      auto const customer = Customer{now_, exponential(1.0), job >= warm_up};
      arrive(setup_.how == "central" ? emptiest() : random_.below(lines_.size()), customer);
    }
    while (!ends_.empty()) end_one();
    auto const jobs = static_cast<double>(setup_.jobs);
    return {setup_.how,
            probings_.empty() ? 0 : setup_.probing.threshold,
            setup_.load,
            response_s_ / jobs,
            static_cast<double>(moves_) / jobs,
            static_cast<double>(questions_) / jobs};
  }

 private:
  Duration exponential(double mean_s) {
    return Duration(std::llround(-std::log1p(-random_.uniform()) * mean_s * 1e9));
  }

  // Of a central line: an idle host if there is one. All that wait stand behind the first, see end_one().
  std::size_t emptiest() {
    for (std::size_t host = 0; host < lines_.size(); ++host) {
      if (lines_[host].empty()) return host;
    }
    return 0;
  }

  void stand(std::size_t host, Customer const& customer) {
    lines_[host].push_back(customer);
    if (lines_[host].size() == 1) ends_.emplace(now_ + customer.service, host);
  }

  void arrive(std::size_t host, Customer const& customer) {
    auto probe = probings_.empty() ? std::nullopt : probings_[host].arrived(here(host), now_, random_);
    stand(probe ? agreed(host, probe).value_or(host) : host, customer);
  }

  // Asks until one agrees.
  std::optional<std::size_t> agreed(std::size_t host, std::optional<Probe> probe) {
    for (; probe; probe = probings_[host].refused(now_, random_)) {
      auto const other = static_cast<std::size_t>(probe->whom.value);
      if (probe->what != Probe::Question::take_this) count(questions_);
      if (!probings_[other].answers(probe->what, here(other))) continue;
      probings_[host].agreed();
      count(moves_);
      return other;
    }
    return std::nullopt;
  }

  void end_one() {
    auto const [at, host] = ends_.top();
    ends_.pop();
    now_ = at;
    auto& line = lines_[host];
    auto const& ended = line.front();
    if (ended.counts) response_s_ += std::chrono::duration<double>(now_ - ended.came).count();
    line.pop_front();
    if (setup_.how == "central" && line.empty() && lines_[0].size() > 1) {
      auto const next = lines_[0][1];
      lines_[0].erase(lines_[0].begin() + 1);
      return stand(host, next);
    }
    if (!line.empty()) ends_.emplace(now_ + line.front().service, host);
    if (probings_.empty()) return;
    auto const giver = agreed(host, probings_[host].ended(here(host), now_, random_));
    if (!giver) return;
    auto const newest = lines_[*giver].back();
    lines_[*giver].pop_back();
    stand(host, newest);
  }

  [[nodiscard]] std::int64_t here(std::size_t host) const {
    return static_cast<std::int64_t>(lines_[host].size());
  }
  void count(std::uint64_t& what) const { ++what; }

  using End = std::pair<Instant, std::size_t>;

  Queueing const& setup_;
  Random random_;
  Instant now_;
  std::vector<std::deque<Customer>> lines_;  // the first is being served
  std::vector<Probing> probings_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  double response_s_{0};
  std::uint64_t moves_{0}, questions_{0};
};

}  // namespace

std::vector<std::string> queueing_ways() {
  return {"none", "central", "random", "sender", "receiver", "symmetric"};
}

Result<QueueingFigures> simulate_queueing(Queueing const& queueing) {
  if (queueing.hosts < 1 || queueing.jobs < 1 || !(queueing.load > 0 && queueing.load < 1)) {
    return reject("usage", "a load is above 0 and below 1, and there is at least one host and one job");
  }
  auto setup = queueing;
  if (setup.how != "none" && setup.how != "central") {
    auto const heuristic = policy::heuristic_of(setup.how);
    if (!heuristic) return heuristic.failure();
    setup.probing.heuristic = *heuristic;
  }
  return Hosts(setup).run();
}

}  // namespace godwit::simulate
