// What hosts, capsules and zygotes say to each other, and the manifests that they hand over. The first byte says which.
#include "fuzz/fuzz.hpp"

#include "base/archive.hpp"
#include "edge/capsules/link/wire.hpp"
#include "edge/capsules/link/zygote_wire.hpp"
#include "edge/hdf5/layout.hpp"
#include "state/manifest.hpp"

namespace godwit {
namespace {

template <class T>
Result<T> try_as(ByteView bytes) {
  auto value = decode<T>(bytes);
  if (!value) return value;
  auto const encoded = encode(*value);
  auto const again = decode<T>(encoded);
  fuzz::require(again.ok() && encode(*again) == encoded, "decoded as something else");
  return value;
}

}  // namespace
}  // namespace godwit

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  if (size == 0) return 0;
  auto const body = fuzz::bytes_of(data, size).subspan(1);
  switch (data[0] % 5) {
    case 0:
      (void)try_as<capsule_wire::Command>(body).ok();
      break;
    case 1:
      (void)try_as<capsule_wire::Report>(body).ok();
      break;
    case 2:
      (void)try_as<zygote::Request>(body).ok();
      break;
    case 3:
      (void)try_as<zygote::Notice>(body).ok();
      break;
    default:
      if (auto const manifest = try_as<Manifest>(body)) (void)layout::check(*manifest).ok();
  }
  return 0;
}
