#include "edge/hdf5/layout.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <set>

#include "state/plain_values.hpp"

namespace godwit::layout {
namespace {

constexpr std::size_t rank_max = 32;  // HDF5's
constexpr auto arena_bytes_max = std::uint64_t{1} << 60;  // far from where sums overflow

Failure bad(std::string what) {
  return reject("bad_manifest", std::move(what));
}

bool is_plain(PlainKind kind) {
  return kind.form == FieldForm::text ? kind.scalar == Scalar::u8
                                      : kind.form == FieldForm::number && width_bytes(kind.scalar) > 0;
}

Status check(Field const& field) {
  if (width_bytes(field.scalar) == 0) return bad(fmt::format("field {}: unknown kind of number", field.name));
  if (field.form > FieldForm::map) return bad(fmt::format("field {}: unknown form", field.name));
  bool const texts =
      field.form == FieldForm::text || field.form == FieldForm::texts || field.form == FieldForm::map;
  PlainValues values(field);
  std::size_t count = 0;
  while (values.next()) ++count;
  bool const fits =
      values.whole() && (!texts || field.scalar == Scalar::u8) &&
      (field.form != FieldForm::number || count == 1) &&
      (field.form != FieldForm::map || (is_plain(field.key) && is_plain(field.to) && count % 2 == 0));
  if (!fits) return bad(fmt::format("field {}: {} bytes don't fit its type", field.name, field.value.size()));
  return Done{};
}

Status check(ArrayPlace const& array, std::uint64_t arena_bytes) {
  auto const width = width_bytes(array.scalar);
  if (width == 0) return bad(fmt::format("array {}: unknown kind of number", array.name));
  if (array.shape.size() > rank_max) {
    return bad(fmt::format("array {}: {} dimensions; HDF5 has at most {}", array.name, array.shape.size(),
                           rank_max));
  }
  std::uint64_t bytes =
      array.shape.empty() && array.bytes == 0 ? 0 : width;  // no shape, no bytes: unallocated
  bool overflow = false;
  for (auto const extent : array.shape) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  if (overflow || bytes != array.bytes) {
    return bad(fmt::format("array {}: {} bytes don't fit its shape", array.name, array.bytes));
  }
  if (array.bytes > arena_bytes || array.offset > arena_bytes - array.bytes) {
    return bad(fmt::format("array {}: lies outside of the arena's {} bytes", array.name, arena_bytes));
  }
  return Done{};
}

}  // namespace

std::string link_name(std::string_view name) {
  if (name.empty()) return "%";
  std::string link;
  for (char const c : name) {
    auto const code = static_cast<unsigned char>(c);
    bool const plain = code >= 0x20 && code != 0x7f && c != '/' && c != '%' && !(c == '.' && link.empty());
    if (plain)
      link += c;
    else
      link += fmt::format("%{:02X}", code);
  }
  return link;
}

Status check(Manifest const& manifest) {
  if (manifest.version > manifest_version) {
    return reject("newer_format",
                  fmt::format("manifest version {} is newer than this godwit reads ({}): use a newer godwit",
                              manifest.version, manifest_version));
  }
  if (manifest.wait_left < Duration{0}) return bad("a wait of less than nothing");
  if (manifest.arena_bytes > arena_bytes_max) {
    return bad(fmt::format("an arena of {} bytes is more than there can be", manifest.arena_bytes));
  }
  std::set<std::string_view> names;
  for (auto const& field : manifest.fields) {
    if (auto status = check(field); !status) return status;
    if (!names.insert(field.name).second) return bad(fmt::format("two fields are called {}", field.name));
  }
  for (auto const& array : manifest.arrays) {
    if (auto status = check(array, manifest.arena_bytes); !status) return status;
    if (!names.insert(array.name).second) return bad(fmt::format("two fields are called {}", array.name));
  }
  names.clear();
  for (auto const& stream : manifest.streams) {
    if (stream.mode > StreamMode::append) return bad(fmt::format("stream {}: unknown mode", stream.name));
    if (!names.insert(stream.name).second) return bad(fmt::format("two streams are called {}", stream.name));
  }
  return Done{};
}

Digest root_digest(CheckpointLabel const& label, Digest manifest, std::span<Blocks const> arrays,
                   std::span<std::uint64_t const> ancestors) {
  auto const parent = label.parent.value_or(msg::ImageName{});
  std::vector<std::uint64_t> words{manifest.value,         label.job.value,    label.epoch.value,
                                   label.generation.value, parent.epoch.value, parent.generation.value};
  for (auto const& blocks : arrays) words.insert(words.end(), blocks.begin(), blocks.end());
  words.insert(words.end(), ancestors.begin(), ancestors.end());
  return digest_of(std::as_bytes(std::span(words)));
}

std::vector<std::uint64_t> roots_of(std::span<Ancestor const> ancestors) {
  std::vector<std::uint64_t> roots;
  for (auto const& one : ancestors) roots.push_back(one.root.value);
  return roots;
}

LabelRecord record_of(CheckpointLabel const& label, WallTime time, std::string software) {
  auto const parent = label.parent.value_or(msg::ImageName{});
  auto const& spec = label.spec;
  return {label.job,          label.epoch, label.generation, parent.epoch,   parent.generation,
          spec.type,          spec.name,   spec.account,     spec.directory, spec.arguments,
          spec.plugin_digest, label.host,  label.node,       time,           std::move(software)};
}

CheckpointLabel label_of(LabelRecord const& record) {
  CheckpointLabel label;
  label.job = record.job;
  label.epoch = record.epoch;
  label.generation = record.generation;
  if (record.parent_generation.value != 0) {
    label.parent = msg::ImageName{record.parent_epoch, record.parent_generation,
                                  checkpoint_path(record.job, record.parent_epoch, record.parent_generation)};
  }
  label.spec.type = record.type;
  label.spec.name = record.name;
  label.spec.account = record.account;
  label.spec.directory = record.directory;
  label.spec.arguments = record.arguments;
  label.spec.plugin_digest = record.plugin_digest;
  label.host = record.host;
  label.node = record.node;
  return label;
}

std::string parent_text(CheckpointLabel const& label) {
  return label.parent ? fmt::format("{}-{}", label.parent->epoch, label.parent->generation) : "";
}

char const* mode_text(StreamMode mode) {
  switch (mode) {
    case StreamMode::input:
      return "input";
    case StreamMode::replace:
      return "replace";
    case StreamMode::append:
      return "append";
  }
  return "unknown";
}

std::string time_text(WallTime time) {
  auto const seconds = static_cast<std::time_t>(time.unix_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds),
                     time.unix_ns % 1'000'000'000 / 1000);
}

}  // namespace godwit::layout
