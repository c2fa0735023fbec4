// Manifest: everything of a job's image but the arena's pages. Small; crosses the wire whole.
//
// An image = manifest + arena bytes [0, arena_bytes). Arrays are placed in the arena by offset, so an
// image doesn't depend on addresses. A field's bytes are the same on every machine (godwit/field.hpp); the
// arena's are in the byte order of the machine that made the image.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "godwit/scalar.hpp"
#include "godwit/state.hpp"

namespace godwit {

struct Field {
  std::string name;
  FieldForm form{};
  Scalar scalar{};
  Bytes value;        // of a list: count = value.size() / width_bytes(scalar)
  PlainKind key, to;  // of a map

  [[nodiscard]] FieldKind kind() const { return {form, scalar, key, to}; }
  bool operator==(Field const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & form & scalar;
    if (form == FieldForm::map) archive & key & to;
    archive & value;
  }
};

struct ArrayPlace {
  std::string name;
  Scalar scalar{};
  std::vector<std::uint64_t> shape;  // row-major
  std::uint64_t offset{0};           // in the arena, a multiple of 4096
  std::uint64_t bytes{0};            // product(shape) × width

  bool operator==(ArrayPlace const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & scalar & shape & offset & bytes;
  }
};

enum class StreamMode : std::uint8_t { input = 0, replace = 1, append = 2 };

// Who else may have opened the outputs of a frozen job before it goes on: nobody; one that is gone, and may have cut them
// back; one that may be there still, and write.
enum class Others : std::uint8_t { none, gone, perhaps_there };

// A declared stream at the safe point. The file is to be cut back to `synced`, `tail` written there,
// which makes it `offset` bytes long. A file shorter than `synced` is data_lost.
struct StreamMark {
  std::string name;  // "stdout" and "stderr" are the captured ones, their path relative to the store
  std::string path;  // absolute otherwise
  StreamMode mode{};
  std::uint64_t offset{0};  // bytes into the file at this safe point
  std::uint64_t size{0};    // input: its size when opened; output: as on disk then (≥ offset)
  std::uint64_t synced{0};  // output: bytes known to be durable, ≤ offset
  Bytes tail;               // output: bytes [synced, offset)

  bool operator==(StreamMark const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & path & mode & offset & size & synced & tail;
  }
};

struct Progress {
  std::uint64_t done{0};
  std::uint64_t total{0};  // 0: unknown
  std::string unit;

  bool operator==(Progress const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & done & total & unit;
  }
};

// 2: fields that are lists of texts and maps; the architecture. 3: the rest of a wait.
inline constexpr std::uint32_t manifest_version = 3;

// Of this build: "x86_64", "aarch64". Recorded, so that a refusal can name it.
[[nodiscard]] constexpr char const* own_architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__powerpc64__)
  return "ppc64";
#elif defined(__riscv)
  return "riscv";
#elif defined(__s390x__)
  return "s390x";
#else
  return "other";
#endif
}
inline constexpr bool own_order_is_little = std::endian::native == std::endian::little;

struct Manifest {
  std::uint32_t version{manifest_version};
  JobId job;
  std::string type;
  std::uint32_t state_version{0};
  std::string plugin_digest;  // hex
  std::map<std::string, std::string> arguments;
  Epoch epoch;            // in which the safe point was reached
  std::uint64_t steps{0};  // completed
  Progress progress;
  Duration running_time{0};  // Context::now()
  std::array<std::uint64_t, 4> random{};
  bool suspended{false};
  std::uint32_t page_bytes{4096};
  bool little_endian{own_order_is_little};
  std::uint64_t arena_bytes{0};
  std::vector<Field> fields;
  std::vector<ArrayPlace> arrays;
  std::vector<StreamMark> streams;
  std::string architecture{own_architecture()};  // "" in images of version 1
  Duration wait_left{0};  // of Step::again_in: the next step begins so long after the job goes on

  bool operator==(Manifest const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & version & job & type & state_version & plugin_digest & arguments & epoch & steps & progress &
        running_time & random & suspended & page_bytes & little_endian & arena_bytes & fields & arrays &
        streams;
    if (version >= 2) archive & architecture;
    else if (Archive::is_loading::value) architecture.clear();
    if (version >= 3) archive & wait_left;
    else if (Archive::is_loading::value) wait_left = Duration{0};
  }
};

}  // namespace godwit
