#include "base/digest.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace godwit {

Digest digest_of(ByteView bytes) { return {XXH3_64bits(bytes.data(), bytes.size())}; }

std::string to_hex(Digest digest) { return fmt::format("{:016x}", digest.value); }

struct alignas(64) DigestStream::State {
  XXH3_state_t hash;
};

DigestStream::DigestStream() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }
DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;
DigestStream& DigestStream::operator=(DigestStream&&) noexcept = default;

void DigestStream::add(ByteView bytes) {
  XXH3_64bits_update(&state_->hash, bytes.data(), bytes.size());
}

Digest DigestStream::digest() const { return {XXH3_64bits_digest(&state_->hash)}; }

}  // namespace godwit
