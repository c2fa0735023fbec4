#include "edge/mpi/mpi_world.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/mpi/collectives.hpp>
#include <boost/mpi/environment.hpp>
#include <boost/mpi/exception.hpp>

#include "base/archive.hpp"
#include "edge/posix/identity.hpp"

namespace godwit {
namespace {

// Each rank's bytes, on every rank. By two collectives of plain chars: first the lengths.
std::vector<Bytes> gather_from_all(boost::mpi::communicator const& world, Bytes const& mine) {
  std::vector<int> sizes;
  boost::mpi::all_gather(world, static_cast<int>(mine.size()), sizes);
  auto const most = static_cast<std::size_t>(*std::max_element(sizes.begin(), sizes.end()));
  std::vector<char> padded(most), all(most * sizes.size());
  std::memcpy(padded.data(), mine.data(), mine.size());
  if (most > 0) boost::mpi::all_gather(world, padded.data(), static_cast<int>(most), all.data());
  std::vector<Bytes> out;
  for (std::size_t rank = 0; rank < sizes.size(); ++rank) {
    auto const* const first = reinterpret_cast<std::byte const*>(all.data() + rank * most);
    out.emplace_back(first, first + sizes[rank]);
  }
  return out;
}

}  // namespace

MpiWorld::MpiWorld(boost::mpi::communicator frames, boost::mpi::communicator pages, Doorbell bell)
    : frames_(std::move(frames)), pages_(std::move(pages)), bell_(std::move(bell)) {}

Result<MpiWorld> MpiWorld::join(int& argc, char**& argv, std::int32_t zygote, std::unique_ptr<Lifeline> lifeline) {
  ::signal(SIGPIPE, SIG_IGN);
  auto bell = Doorbell::open();
  if (!bell) return bell.failure();
  try {
    // Leaked on purpose: its destructor finalizes MPI.
    new boost::mpi::environment(argc, argv, boost::mpi::threading::funneled, false);
    boost::mpi::communicator const everyone;
    // An error is an exception here, to be dealt with, and not the end of the process.
    MPI_Comm_set_errhandler(everyone, MPI_ERRORS_RETURN);
    MpiWorld world(boost::mpi::communicator(everyone, boost::mpi::comm_duplicate),
                   boost::mpi::communicator(everyone, boost::mpi::comm_duplicate), std::move(*bell));
    auto const self =
        encode(Peer{static_cast<std::int32_t>(::getpid()), zygote, node_name(), boot_id(), world.bell_.name(),
                    lifeline ? lifeline->name() : LifelineName{}});
    for (auto const& bytes : gather_from_all(everyone, self)) {
      auto peer = decode<Peer>(bytes);
      if (!peer) return peer.failure();
      world.peers_.push_back(std::move(*peer));
    }
    // Before the start is agreed on: whoever knocks later is answered.
    if (lifeline && world.ranks_here() < world.ranks() && lifeline->listen()) world.lifeline_ = std::move(lifeline);
    return world;
  } catch (boost::mpi::exception const& error) {
    return peer_lost("mpi", std::string("MPI didn't start: ") + error.what());
  }
}

Status MpiWorld::agree(Status const& mine) const {
  try {
    std::vector<Failure> failures;  // none or one
    if (!mine) failures.push_back(mine.failure());
    for (auto const& bytes : gather_from_all(frames_, encode(failures))) {
      auto const theirs = decode<std::vector<Failure>>(bytes);
      if (!theirs) return theirs.failure();
      if (!theirs->empty()) return theirs->front();
    }
    return Done{};
  } catch (boost::mpi::exception const& error) {
    return peer_lost("mpi", std::string("the ranks can't agree: ") + error.what());
  }
}

void MpiWorld::end_start() const {
  // mpirun's mpi_yield_when_idle serves ranks that block in MPI, as ours do while they start. There is no
  // public way to change it later; where this function of libopen-pal is missing, things work as well,
  // only slower.
  using Set = bool (*)(bool);
  if (auto* const set = reinterpret_cast<Set>(::dlsym(RTLD_DEFAULT, "opal_progress_set_yield_when_idle"))) {
    set(false);
  }
}

void MpiWorld::take_leave() const {
  // What MPI_Finalize would do last, without what can hang before: Open MPI's link to its launcher. A rank
  // that ends without it looks as if it had died, and mpirun over several nodes then waits for ever.
  using Finalize = int (*)(void const*, std::size_t);
  auto* const pmix = ::dlopen("libpmix.so.2", RTLD_LAZY | RTLD_NOLOAD);
  if (pmix == nullptr) return;  // an MPI with another launcher
  if (auto* const finalize = reinterpret_cast<Finalize>(::dlsym(pmix, "PMIx_Finalize"))) finalize(nullptr, 0);
}

bool MpiWorld::is_here(Rank peer) const {
  auto const& me = peers_.at(static_cast<std::size_t>(self().value));
  auto const& other = peers_.at(static_cast<std::size_t>(peer.value));
  // The node's name as well: containers of one machine share its boot id, but not its pids.
  return other.node == me.node && other.boot_id == me.boot_id;
}

void MpiWorld::ring(Rank peer) const {
  if (is_here(peer)) bell_.ring(peers_.at(static_cast<std::size_t>(peer.value)).bell);
}

int MpiWorld::ranks_here() const {
  int count = 0;
  for (int rank = 0; rank < ranks(); ++rank) count += is_here(Rank{rank}) ? 1 : 0;
  return count;
}

}  // namespace godwit
