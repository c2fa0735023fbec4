// The store: can it be written, does it keep what it promises, is its ledger sound; and who uses it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "app/godwit/doctor/examine.hpp"
#include "base/figures.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/hdf5/trial.hpp"
#include "edge/posix/journal_reader.hpp"
#include "edge/rpc/client.hpp"

namespace godwit::cli {
namespace {

using Verdict = Finding::Verdict;
using Clock = std::chrono::steady_clock;

// The directory itself, or the nearest one above it that is there.
std::filesystem::path existing(std::filesystem::path path) {
  std::error_code error;
  while (!std::filesystem::is_directory(path, error) && path.has_relative_path()) path = path.parent_path();
  return path;
}

// A place of our own in the store, gone afterwards.
class Bench {
 public:
  explicit Bench(std::filesystem::path const& in) {
    auto pattern = (in / ".godwit-doctor-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr)
      path_ = pattern;
    else
      why_ = std::strerror(errno);
  }
  ~Bench() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Bench(Bench const&) = delete;
  Bench& operator=(Bench const&) = delete;
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] std::string const& why_not() const { return why_; }

 private:
  std::filesystem::path path_;
  std::string why_;
};

struct Kind {
  std::uint32_t magic;
  char const* name;
  char const* advice;  // if it isn't what one wants
};
constexpr std::array<Kind, 14> kinds{{
    {0xEF53, "ext4", nullptr},
    {0x58465342, "xfs", nullptr},
    {0x9123683E, "btrfs", nullptr},
    {0x2FC12FC1, "zfs", nullptr},
    {0x0BD00BD0, "lustre", nullptr},
    {0x47504653, "gpfs", nullptr},
    {0x19830326, "beegfs", nullptr},
    {0x00C36400, "ceph", nullptr},
    {0x6969, "nfs", nullptr},
    {0x65735546, "fuse", nullptr},
    {0x61636673, "acfs", nullptr},
    {0x01021994, "tmpfs", "it is memory: what is in it is gone when the machine is restarted"},
    {0x858458F6, "ramfs", "it is memory: what is in it is gone when the machine is restarted"},
    {0x794C7630, "overlay", "in a container it is gone with the container: mount a volume for the store"},
}};

Finding filesystem(std::filesystem::path const& place) {
  struct statfs kind {};
  if (::statfs(place.c_str(), &kind) != 0) return {"filesystem", Verdict::warn, std::strerror(errno), {}};
  auto const magic = static_cast<std::uint32_t>(kind.f_type);
  auto const known =
      std::find_if(kinds.begin(), kinds.end(), [&](Kind const& one) { return one.magic == magic; });
  if (known == kinds.end()) return {"filesystem", Verdict::ok, fmt::format("of type {:#x}", magic), {}};
  if (known->advice != nullptr) return {"filesystem", Verdict::warn, known->name, known->advice};
  return {"filesystem", Verdict::ok, known->name, {}};
}

Finding free_space(std::filesystem::path const& place) {
  struct statvfs all {};
  if (::statvfs(place.c_str(), &all) != 0) return {"free space", Verdict::warn, std::strerror(errno), {}};
  auto const bytes = std::uint64_t{all.f_bavail} * all.f_frsize;
  auto const found = fmt::format("{}, {} files", spell_bytes(bytes), all.f_favail);
  auto const advice = "a checkpoint is as large as its job's memory: make room, or choose another --store";
  if (bytes < std::uint64_t{16} << 20) return {"free space", Verdict::fail, found, advice};
  if (bytes < std::uint64_t{1} << 30) return {"free space", Verdict::warn, found, advice};
  return {"free space", Verdict::ok, found, {}};
}

// Two descriptors append in turn: neither may write over what the other wrote. The ledger and logs rely on
// it.
Finding appending(std::filesystem::path const& bench) {
  auto const path = bench / "append";
  UniqueFd const one(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  UniqueFd const two(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  bool good = one.get() >= 0 && two.get() >= 0;
  for (int i = 0; good && i < 4; ++i)
    good = ::write(one.get(), "a", 1) == 1 && ::write(two.get(), "b", 1) == 1;
  std::array<char, 16> text{};
  UniqueFd const reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  good = good && ::read(reader.get(), text.data(), text.size()) == 8 &&
         std::string_view(text.data(), 8) == "abababab";
  if (good) return {"appending", Verdict::ok, "two writers append without harming each other", {}};
  return {"appending", Verdict::fail, "O_APPEND doesn't append",
          "ledger and outputs would be damaged: choose a store on another filesystem"};
}

Finding syncing(std::filesystem::path const& bench) {
  UniqueFd const file(::open((bench / "sync").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  std::array<char, 4096> const block{};
  std::vector<Duration> times;
  for (int i = 0; i < 9; ++i) {
    auto const began = Clock::now();
    if (::write(file.get(), block.data(), block.size()) < 0 || ::fdatasync(file.get()) != 0) {
      return {"fsync", Verdict::fail, std::strerror(errno),
              "the ledger couldn't be made durable: choose a store on another filesystem"};
    }
    times.push_back(Clock::now() - began);
  }
  std::sort(times.begin(), times.end());
  auto const found = fmt::format("{} for 4 KiB", spell_duration(times[times.size() / 2]));
  if (times[times.size() / 2] > 50ms) {
    return {"fsync", Verdict::warn, found,
            "each start and end of a job waits for it: a faster filesystem helps"};
  }
  return {"fsync", Verdict::ok, found, {}};
}

// A file that takes another's place must be the one that is seen.
Finding renaming(std::filesystem::path const& bench) {
  std::error_code error;
  UniqueFd const old(::open((bench / "old").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  UniqueFd const fresh(::open((bench / "new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  bool good = ::write(fresh.get(), "new", 3) == 3;
  std::filesystem::rename(bench / "new", bench / "old", error);
  good = good && !error && std::filesystem::file_size(bench / "old", error) == 3 && !error;
  int const again = ::open((bench / "old").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  good = good && again < 0 && errno == EEXIST;
  if (again >= 0) ::close(again);
  if (good) return {"renaming", Verdict::ok, "rename replaces, exclusive creation excludes", {}};
  return {"renaming", Verdict::fail, "rename or exclusive creation doesn't do what it must",
          "two runtimes could take the same ledger: choose a store on another filesystem"};
}

Finding hdf5(std::filesystem::path const& bench) {
  auto const tried = try_hdf5(bench / "trial.h5");
  auto const* const locking = std::getenv("HDF5_USE_FILE_LOCKING");
  auto const found =
      fmt::format("HDF5 {}{}", hdf5_version(),
                  locking != nullptr ? fmt::format(", HDF5_USE_FILE_LOCKING={}", locking) : "");
  if (tried) return {"hdf5", Verdict::ok, found + ": a file was written and read", {}};
  return {"hdf5", Verdict::fail, fmt::format("{}: {}", found, tried.failure().context),
          "no checkpoint could be written: choose a store on another filesystem"};
}

Finding ledger(std::filesystem::path const& store) {
  std::error_code error;
  auto const directory = store / "ledger";
  if (!std::filesystem::is_directory(directory, error)) return {"ledger", Verdict::ok, "none yet", {}};
  auto const read = read_journal(
      directory, {[](Term, ByteView) -> Status { return Done{}; }, [](ByteView) -> Status { return Done{}; }}, JournalUse::look);
  if (!read) return {"ledger", Verdict::fail, read.failure().context, "see docs/protocol.md, \"Ledger\""};
  auto const found = fmt::format("{} records{}, {} runtime{} so far", read->records,
                                 read->base ? fmt::format(" after a snapshot of {}", spell_bytes(read->base_bytes)) : "", read->newest,
                                 read->newest.value == 1 ? "" : "s");
  if (read->cut.empty() || read->cut.front().find("snapshot") == std::string::npos) return {"ledger", Verdict::ok, found, {}};
  return {"ledger", Verdict::warn, fmt::format("{}; {}", found, read->cut.front()),
          "nothing is lost: the next snapshot takes its place; look after the disk"};
}

Finding hosts_of(rpc::Client& client) {
  auto const began = Clock::now();
  auto const answer = client.ask(cmd::ListHosts{}, 10s);
  auto const took = Clock::now() - began;
  if (!answer) return {"runtime", Verdict::fail, answer.failure().context, "see its log in STORE/log"};
  auto const* const hosts = std::get_if<cmd::Hosts>(&*answer);
  auto const all = hosts == nullptr ? 0 : hosts->rows.size();
  auto const alive = hosts == nullptr ? 0
                                      : std::count_if(hosts->rows.begin(), hosts->rows.end(),
                                                      [](auto const& row) { return row.state == "alive"; });
  auto const found = fmt::format("answers in {}; {} of {} hosts alive", spell_duration(took), alive, all);
  if (static_cast<std::size_t>(alive) == all) return {"runtime", Verdict::ok, found, {}};
  return {"runtime", Verdict::warn, found,
          "'godwit hosts' shows which; 'godwit stop' and 'godwit start' begin anew with all jobs"};
}

}  // namespace

Findings examine_store(std::filesystem::path const& store) {
  auto const place = existing(store);
  auto const path =
      place == store ? store.string() : fmt::format("{} (to be made in {})", store.string(), place.string());
  Bench const bench(place);
  if (!bench.why_not().empty()) {
    return {{"store", Verdict::fail, fmt::format("{} can't be written: {}", place.string(), bench.why_not()),
             "choose another with --store or $GODWIT_STORE"}};
  }
  return {
      {"store", Verdict::ok, path, {}}, filesystem(place),     free_space(place),  appending(bench.path()),
      renaming(bench.path()),           syncing(bench.path()), hdf5(bench.path()), ledger(store)};
}

Findings examine_runtime(std::filesystem::path const& store) {
  if (!rpc::read_access(store)) return {{"runtime", Verdict::ok, "none runs on this store", {}}};
  auto client = rpc::Client::connect(store);
  if (client) return {hosts_of(*client)};
  return {{"runtime", Verdict::warn,
           "one left its address, but doesn't answer: it died, or can't be reached from here",
           "'godwit start' goes on with its jobs, if no runtime lives on another node"}};
}

}  // namespace godwit::cli
