// Journal on disk: a term's log in a directory of the case's own. The disk breaks as a quota does: no file may grow.
#include "contract/journal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "edge/posix/journal_log.hpp"
#include "edge/posix/journal_reader.hpp"
#include "store/fixture.hpp"

namespace godwit::contract {
namespace {

constexpr Term term{1};

class OnDisk final : public JournalRig {
 public:
  OnDisk() {
    auto log = JournalLog::create(directory_.path(), term);
    EXPECT_TRUE(log) << log.failure().context;
    if (log) log_ = *std::move(log);
    ::getrlimit(RLIMIT_FSIZE, &before_);
  }
  ~OnDisk() override {
    log_.reset();
    ::setrlimit(RLIMIT_FSIZE, &before_);
    if (handler_ != SIG_ERR) ::signal(SIGXFSZ, handler_);
  }
  Journal& journal() override { return *log_; }
  bool let_pass() override {
    pollfd waiting{log_->wait_fd(), POLLIN, 0};
    ::poll(&waiting, 1, 10);
    return true;
  }
  std::vector<Bytes> survivors() override {
    std::vector<Bytes> records;
    auto const read = read_journal(
        directory_.path(),
        [&](Term, ByteView record) -> Status {
          records.emplace_back(record.begin(), record.end());
          return Done{};
        },
        JournalUse::look);
    EXPECT_TRUE(read) << read.failure().context;
    return records;
  }
  void break_disk() override {
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit const full{64, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }

 private:
  test::TempDir directory_;
  rlimit before_{};
  sighandler_t handler_ = SIG_ERR;
  std::unique_ptr<JournalLog> log_;
};

INSTANTIATE_TEST_SUITE_P(Log, JournalContract,
                         ::testing::Values(Adapter<JournalRig>{"log", [] { return std::make_unique<OnDisk>(); }}));

}  // namespace
}  // namespace godwit::contract
