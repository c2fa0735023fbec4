// Ledgers on disk: two ranks' ends of one directory.
#include "contract/ledgers.hpp"

#include <poll.h>

#include "edge/posix/ledger_directory.hpp"
#include "store/fixture.hpp"

namespace godwit::contract {
namespace {

class Directory final : public LedgersRig {
 public:
  Ledgers& here() override { return here_; }
  Ledgers& elsewhere() override { return elsewhere_; }
  bool let_pass() override {
    pollfd waiting[] = {{here_.wait_fd(), POLLIN, 0}, {elsewhere_.wait_fd(), POLLIN, 0}};
    ::poll(waiting, 2, 1);
    return true;
  }

 private:
  test::TempDir directory_;
  LedgerDirectory here_{directory_.path()}, elsewhere_{directory_.path()};
};

INSTANTIATE_TEST_SUITE_P(Directory, LedgersContract, ::testing::Values(Adapter<LedgersRig>{
                                                         "directory", [] { return std::make_unique<Directory>(); }}));

}  // namespace
}  // namespace godwit::contract
