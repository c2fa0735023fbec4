// Checkpoint files. An input that begins as one is one, with its seal's own digest put right, so that what the seal says is tried;
// any other is a Recipe, of which one is made.
#include <cstring>

#include "base/archive.hpp"
#include "base/digest.hpp"
#include "edge/hdf5/seal.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/probe.hpp"
#include "fuzz/recipe.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  auto const input = fuzz::bytes_of(data, size);
  auto const path = fuzz::scratch() / "5-12.h5";
  if (fuzz::text_of(data, size).starts_with("GODWITCK")) {
    Bytes bytes(input.begin(), input.end());
    if (bytes.size() >= seal_bytes) {
      auto const digest = digest_of(ByteView(bytes).first(seal_bytes - 8)).value;
      std::memcpy(bytes.data() + seal_bytes - 8, &digest, sizeof digest);
    }
    fuzz::put_file(path, bytes);
  } else {
    auto const recipe = decode<fuzz::Recipe>(input);
    if (!recipe || !fuzz::make_file(*recipe, path)) return 0;
  }
  fuzz::probe(path);
  return 0;
}
