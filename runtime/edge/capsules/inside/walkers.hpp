// The ways in which a job's describe() is walked: OutputLister before anything is opened, Opener before
// start(), Packer at a safe point, Restorer from an image. Each collects the first failure; the walk goes on to its end.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "edge/capsules/inside/arena.hpp"
#include "edge/capsules/inside/streams.hpp"
#include "godwit/state.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

// What the walkers share: the version, the first failure, and that no name is described twice.
class Walker : public State {
 public:
  [[nodiscard]] std::uint32_t version() const override { return version_; }
  [[nodiscard]] Status const& status() const { return status_; }

 protected:
  explicit Walker(std::uint32_t version) : version_(version) {}
  ~Walker() = default;
  void take(Status status) {
    if (status_ && !status) status_ = std::move(status);
  }
  void once(std::string_view name);

 private:
  std::uint32_t version_;
  Status status_{Done{}};
  std::set<std::string, std::less<>> names_;
};

// Collects where the declared outputs will go, as absolute paths; touches nothing.
class OutputLister final : public Walker {
 public:
  OutputLister(std::uint32_t version, Streams const& streams) : Walker(version), streams_(streams) {}
  [[nodiscard]] std::vector<std::string> take_outputs() { return std::move(outputs_); }

 private:
  void on_field(std::string_view, FieldAccess, std::vector<std::byte> const*) override {}
  void on_retired(std::string_view) override {}
  void on_array(std::string_view, Scalar, ArrayBase&) override {}
  void on_input(std::string_view, Input&, std::string_view) override {}
  void on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) override;

  Streams const& streams_;
  std::vector<std::string> outputs_;
};

// Opens the declared streams of a new job.
class Opener final : public Walker {
 public:
  Opener(std::uint32_t version, Streams& streams) : Walker(version), streams_(streams) {}

 private:
  void on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const* absent) override;
  void on_retired(std::string_view name) override;
  void on_array(std::string_view name, Scalar scalar, ArrayBase& array) override;
  void on_input(std::string_view name, Input& stream, std::string_view path) override;
  void on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) override;

  Streams& streams_;
};

// Adds fields, array places and stream marks to a manifest. The streams must be flushed.
class Packer final : public Walker {
 public:
  Packer(std::uint32_t version, Arena const& arena, Streams const& streams, Manifest& manifest)
      : Walker(version), arena_(arena), streams_(streams), manifest_(manifest) {}

 private:
  void on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const* absent) override;
  void on_retired(std::string_view name) override;
  void on_array(std::string_view name, Scalar scalar, ArrayBase& array) override;
  void on_input(std::string_view name, Input& stream, std::string_view path) override;
  void on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) override;
  void add_mark(std::string_view name);

  Arena const& arena_;
  Streams const& streams_;
  Manifest& manifest_;
};

// Sets fields from a manifest, binds arrays to the arena, reopens streams. After the walk, finish()
// refuses an image with anything that the job neither described nor retired.
class Restorer final : public Walker {
 public:
  enum class From : std::uint8_t { itself, another };  // another job's image: its outputs are copied
  Restorer(Manifest const& manifest, From from, Arena const& arena, Streams& streams)
      : Walker(manifest.state_version), manifest_(manifest), from_(from), arena_(arena), streams_(streams) {}

  [[nodiscard]] Status finish();

 private:
  void on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const* absent) override;
  void on_retired(std::string_view name) override;
  void on_array(std::string_view name, Scalar scalar, ArrayBase& array) override;
  void on_input(std::string_view name, Input& stream, std::string_view path) override;
  void on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) override;
  template <class Entry>
  Entry const* find(std::vector<Entry> const& entries, std::string_view name);

  Manifest const& manifest_;
  From from_;
  Arena const& arena_;
  Streams& streams_;
  std::set<std::string, std::less<>> met_;
};

}  // namespace godwit::inside
