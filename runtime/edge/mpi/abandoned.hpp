// Abandoned: requests that will never complete, and the memory they may still touch. MPI has no way to
// take such a request back after a death, so both stay for the rest of the process's life, and beyond
// this object's. Internal to this folder.
#pragma once

#include <boost/mpi/request.hpp>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace godwit {

class Abandoned {
 public:
  Abandoned() : kept_(new std::vector<Entry>) {}  // leaked on purpose

  void keep(boost::mpi::request request, Bytes buffer = {}) {
    kept_->emplace_back(std::move(request), std::move(buffer));
  }

 private:
  using Entry = std::pair<boost::mpi::request, Bytes>;
  std::vector<Entry>* kept_;
};

}  // namespace godwit
