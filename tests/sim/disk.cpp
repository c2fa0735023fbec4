#include "sim/disk.hpp"

#include "ledger/event.hpp"

namespace godwit::sim {

std::shared_ptr<Inode> SimDisk::open(std::string const& path, std::uint64_t writer) {
  if (find(path) == nullptr) rename_over(path, make(writer), writer);
  is_seen(path, writer);
  auto const& inode = names_.at(path);
  inode->writer = writer;
  return inode;
}

void SimDisk::rename_over(std::string const& path, std::shared_ptr<Inode> inode, std::uint64_t writer) {
  is_seen(path, writer);
  auto before = std::exchange(names_[path], inode);
  if (names_are_durable) return;
  if (auto const unsynced = unsynced_names_.find(path); unsynced != unsynced_names_.end()) before = unsynced->second.before;
  unsynced_names_[path] = {writer, std::move(inode), std::move(before)};
}

// What another node has seen of a directory is no longer up to the one that changed it.
void SimDisk::is_seen(std::string const& path, std::uint64_t by) {
  auto const unsynced = unsynced_names_.find(path);
  if (unsynced != unsynced_names_.end() && unsynced->second.process != by) unsynced_names_.erase(unsynced);
}

std::shared_ptr<Inode> SimDisk::make(std::uint64_t writer) {
  auto inode = std::make_shared<Inode>();
  inode->writer = writer;
  all_.push_back(inode);
  return inode;
}

std::shared_ptr<Inode> SimDisk::find(std::string const& path) const {
  auto const at = names_.find(path);
  return at == names_.end() ? nullptr : at->second;  // null, too: a name that was lost
}

// The newest log that says where an older one ends is right about it: whoever wrote it had made sure.
std::vector<std::pair<Term, Bytes>> SimDisk::read_logs(Term before) const {
  std::map<Term, std::uint64_t> ends;
  for (auto log = logs.rbegin(); log != logs.rend(); ++log) {
    if (log->first >= before || log->second.records.empty()) continue;
    auto const first = decode<LedgerEvent>(log->second.records.front());
    if (!first) continue;
    auto const take = [&](auto const& began) {
      for (auto const& seal : began.seals) ends.try_emplace(seal.term, seal.records);
    };
    if (auto const* world = std::get_if<log::WorldBegan>(&*first)) take(*world);
    if (auto const* term = std::get_if<log::TermBegan>(&*first)) take(*term);
  }
  std::vector<std::pair<Term, Bytes>> all;
  for (auto const& [term, log] : logs) {
    if (term >= before) break;
    auto const end = ends.contains(term) ? ends.at(term) : log.records.size();
    for (std::uint64_t at = 0; at < std::min<std::uint64_t>(end, log.records.size()); ++at) {
      all.emplace_back(term, log.records[at]);
    }
  }
  return all;
}

void SimDisk::process_ended(std::uint64_t process, bool node) {
  std::erase_if(all_, [](auto const& one) { return one.expired(); });
  for (auto const& weak : all_) {
    auto const inode = weak.lock();
    if (!node || inode->writer != process || inode->synced >= inode->bytes.size()) continue;
    auto const kept = inode->synced + random_.below(inode->bytes.size() - inode->synced + 1);
    inode->bytes.resize(kept);
  }
  for (auto& [term, log] : logs) {
    if (log.writer != process) continue;
    // The file has what was written: some of what wasn't known to be durable, and a torn record that nobody reads.
    auto const kept = std::max(log.durable, log.read);
    auto const written = random_.below(log.records.size() - kept + 1);
    log.records.resize(kept + written);
    log.writer = 0;
  }
  names_of(process, node);
}

// That it gave and whose directory it hadn't synced: lost, some of them, or written in the end.
void SimDisk::names_of(std::uint64_t process, bool node) {
  auto const lost = [&] { return node && chance_of_names_.below(2) == 0; };
  auto const settle = [&](auto& all) {
    for (auto one = all.begin(); one != all.end();) {
      bool const unsynced = one->second.named_by == process;
      if (unsynced) one->second.named_by = 0;
      one = unsynced && lost() ? all.erase(one) : std::next(one);
    }
  };
  settle(images);
  settle(logs);
  for (auto one = unsynced_names_.begin(); one != unsynced_names_.end();) {
    auto const& [path, naming] = *one;
    if (naming.process != process) {
      ++one;
      continue;
    }
    if (lost() && names_[path] == naming.now) names_[path] = naming.before;
    one = unsynced_names_.erase(one);
  }
}

std::optional<Failure> SimDisk::write_fault() {
  if (scheduler_.now() < full_until) return retry_later("no_space", "the store is full");
  if (scheduler_.now() < failing_until && random_.below(2) == 0) return retry_later("io", "input/output error");
  return std::nullopt;
}

void SimDisk::heal() {
  full_until = failing_until = reads_failing_until = stale_until = Moment{0};
  slow = 1;
}

}  // namespace godwit::sim
