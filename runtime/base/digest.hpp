// Digests: XXH3-64, which finds accidents (torn writes, flipped bits), not adversaries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace godwit {

struct Digest {
  std::uint64_t value{0};

  bool operator==(Digest const&) const = default;
  auto operator<=>(Digest const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
  }
};

[[nodiscard]] Digest digest_of(ByteView bytes);
[[nodiscard]] std::string to_hex(Digest digest);  // 16 lower-case digits

// The digest of bytes that arrive piece by piece; equal to digest_of their concatenation.
class DigestStream {
 public:
  DigestStream();
  ~DigestStream();
  DigestStream(DigestStream&&) noexcept;
  DigestStream& operator=(DigestStream&&) noexcept;
  DigestStream(DigestStream const&) = delete;
  DigestStream& operator=(DigestStream const&) = delete;

  void add(ByteView bytes);
  [[nodiscard]] Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace godwit
