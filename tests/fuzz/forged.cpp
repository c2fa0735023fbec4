// Checkpoint files that were changed and then sealed anew: all digests of the head are right, so that HDF5 parses what is wrong. Accidents
// don't come here, only forgers: what this finds in HDF5 is HDF5's own, and it isn't run with the others.
#include <algorithm>
#include <cstring>

#include "edge/hdf5/seal.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/probe.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  auto const input = fuzz::bytes_of(data, size);
  if (size <= seal_bytes) return 0;
  Bytes bytes(input.begin(), input.end());
  Seal seal;
  std::uint64_t head_bytes = 0;
  std::memcpy(&head_bytes, bytes.data() + 24, sizeof head_bytes);
  std::memcpy(&seal.root.value, bytes.data() + 40, sizeof seal.root.value);
  seal.file_bytes = size;
  seal.head_bytes = std::clamp<std::uint64_t>(head_bytes, seal_bytes, size);
  seal.head = digest_of(ByteView(bytes).first(seal.head_bytes).subspan(seal_bytes));
  std::ranges::copy(to_bytes(seal, "forged"), bytes.begin());
  auto const path = fuzz::scratch() / "5-12.h5";
  fuzz::put_file(path, bytes);
  fuzz::probe(path);
  return 0;
}
