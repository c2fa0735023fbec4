#include "app/world/world_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/world/verdict.hpp"
#include "edge/posix/boot_clock.hpp"
#include "edge/posix/death_watch.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"
#include "edge/posix/store_directory.hpp"

namespace godwit {
namespace {

using Json = nlohmann::json;
constexpr std::size_t record_bytes_max = 64 << 20;

std::filesystem::path record_path(std::filesystem::path const& ledger) {
  return ledger / "world.json";
}

Json json_of(Process const& process) {
  return {{"pid", process.pid}, {"node", process.node}, {"boot_id", process.boot_id}, {"zygote", process.zygote}};
}

Process process_of(Json const& entry) {
  return {entry.value("pid", 0), entry.value("node", ""), entry.value("boot_id", ""), entry.value("zygote", 0)};
}

Json json_of(Remnant const& remnant) {
  auto entry = json_of(remnant.process);
  entry["lease_ns"] = remnant.lease.count();
  entry["found_boot"] = remnant.found_boot;
  entry["found_ns"] = remnant.found.boot_ns;
  return entry;
}

bool has_ended(Process const& process, Here const& here) {
  if (process.node != here.node || here.boot_id.empty()) return false;
  return process.boot_id != here.boot_id || !(is_alive(process.pid) || is_alive(process.zygote));
}

// Its number may be another program's by now.
bool is_rank(Process const& process) {
  auto const name = read_file(fmt::format("/proc/{}/comm", process.pid), 64);
  return is_alive(process.pid) && (!name || *name == "godwitd\n");
}

// A sixteenth more than the lease, as everywhere: clocks differ in their rates.
Duration left_of(Remnant const& remnant, Here const& here) {
  auto const whole = remnant.lease + remnant.lease / 16;
  if (here.boot_id.empty() || remnant.found_boot != here.boot_id) return whole;
  return std::clamp(whole - (here.now - remnant.found), Duration{0}, whole);
}

std::vector<Remnant> remnants_of(Json const& record, bool all_quiesced, Here const& here) {
  std::vector<Remnant> found;
  Duration const lease{record.at("lease_ns").get<std::int64_t>()};
  for (auto const& entry : record.at("ranks")) {
    if (!all_quiesced) found.push_back({process_of(entry), lease, here.boot_id, here.now});
  }
  for (auto const& entry : record.value("before", Json::array())) {
    found.push_back({process_of(entry), Duration{entry.at("lease_ns").get<std::int64_t>()},
                     entry.at("found_boot").get<std::string>(),
                     Instant{entry.at("found_ns").get<std::int64_t>()}});
  }
  std::erase_if(found, [&](auto const& each) { return has_ended(each.process, here); });
  return still_leased(std::move(found), here);
}

}  // namespace

Here here() {
  return {node_name(), boot_id(), BootClock{}.now()};
}

Survivors survivors(std::filesystem::path const& store, Here const& here) {
  Survivors found;
  auto const text = read_file(record_path(StoreDirectory::ledger_of(store)), record_bytes_max);
  auto const record = text ? Json::parse(*text, nullptr, false) : Json();
  if (!record.is_object()) return found;
  if (verdict_since(store, Term{record.value("term", std::uint64_t{0})}) == 0) return found;
  for (auto const& entry : record.value("ranks", Json::array())) {
    auto process = process_of(entry);
    if (has_ended(process, here)) continue;
    bool const is_here = process.node == here.node;
    if (is_here && !is_rank(process)) continue;
    (is_here ? found.here : found.elsewhere).push_back(std::move(process));
  }
  return found;
}

Status record_world(std::filesystem::path const& ledger, Term term, Duration lease,
                    std::vector<Process> const& processes, std::vector<Remnant> const& remnants) {
  Json record{{"version", 2},
              {"term", term.value},
              {"lease_ns", lease.count()},
              {"ranks", Json::array()},
              {"before", Json::array()}};
  for (auto const& process : processes) record["ranks"].push_back(json_of(process));
  for (auto const& remnant : remnants) record["before"].push_back(json_of(remnant));
  return replace_file(record_path(ledger), record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n",
                      0644);
}

std::vector<Remnant> read_remnants(std::filesystem::path const& ledger, bool all_quiesced, Duration fallback,
                                   Here const& here) {
  std::vector<Remnant> const anybody{{{}, fallback, here.boot_id, here.now}};
  auto const text = read_file(record_path(ledger), record_bytes_max);
  if (!text) {
    bool const none = all_quiesced && text.failure().code == "no_such_file";
    return none ? std::vector<Remnant>{} : anybody;
  }
  try {
    return remnants_of(Json::parse(*text), all_quiesced, here);
  } catch (Json::exception const&) {
    return anybody;
  }
}

std::vector<Remnant> still_leased(std::vector<Remnant> remnants, Here const& here) {
  std::erase_if(remnants, [&](auto const& each) { return left_of(each, here) == Duration{0}; });
  return remnants;
}

Duration leases_left(std::vector<Remnant> const& remnants, Here const& here) {
  Duration longest{0};
  for (auto const& each : remnants) longest = std::max(longest, left_of(each, here));
  return longest;
}

}  // namespace godwit
