#include "app/godwitd/world_record.hpp"

#include <nlohmann/json.hpp>

#include "edge/posix/death_watch.hpp"
#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"

namespace godwit {
namespace {

using Json = nlohmann::json;
constexpr std::size_t record_bytes_max = 64 << 20;

std::filesystem::path record_path(std::filesystem::path const& ledger) {
  return ledger / "world.json";
}

// Proven only for processes of this node: by their absence, or by a boot since.
bool has_ended(Json const& peer, std::string const& node, std::string const& boot) {
  if (peer.value("node", "") != node || boot.empty()) return false;
  return peer.value("boot_id", "") != boot || !is_alive(peer.value("pid", 0));
}

}  // namespace

Status record_world(std::filesystem::path const& ledger, Term term, Duration lease,
                    std::vector<Peer> const& peers) {
  Json record{{"version", 1}, {"term", term.value}, {"lease_ns", lease.count()}, {"ranks", Json::array()}};
  for (auto const& peer : peers) {
    record["ranks"].push_back({{"pid", peer.pid}, {"node", peer.node}, {"boot_id", peer.boot_id}});
  }
  return replace_file(record_path(ledger), record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n",
                      0644);
}

Duration old_leases(std::filesystem::path const& ledger, Duration fallback) {
  auto const text = read_file(record_path(ledger), record_bytes_max);
  if (!text) return fallback;
  try {
    auto const record = Json::parse(*text);
    auto const node = node_name();
    auto const boot = boot_id();
    for (auto const& peer : record.at("ranks")) {
      if (!has_ended(peer, node, boot)) return Duration{record.at("lease_ns").get<std::int64_t>()};
    }
    return Duration{0};
  } catch (Json::exception const&) {
    return fallback;
  }
}

}  // namespace godwit
