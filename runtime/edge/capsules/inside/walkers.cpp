#include "edge/capsules/inside/walkers.hpp"

#include <fmt/format.h>

#include "state/spelling.hpp"

namespace godwit::inside {

namespace {

Failure type_changed(char const* what, std::string_view name, std::string const& in_image,
                     std::string const& in_job) {
  return reject(
      "state_type_changed",
      fmt::format("{} '{}' is {} in the image and {} in the job: describe it under another name and retire "
                  "the old one",
                  what, name, in_image, in_job));
}

Failure missing(char const* what, std::string_view name) {
  return reject("state_missing",
                fmt::format("the image has no {} '{}'{}", what, name,
                            std::string_view(what) == "field" ? ", and it has no default: give it one "
                                                                "in describe()"
                                                              : ""));
}

}  // namespace

void Walker::once(std::string_view name) {
  if (!names_.emplace(name).second) {
    take(reject("described_twice",
                fmt::format("'{}' is described twice: names of fields, arrays and streams must "
                            "differ",
                            name)));
  }
}

// ---- OutputLister

void OutputLister::on_output(std::string_view, Output&, std::string_view path, Output::Mode) {
  auto const place = std::filesystem::absolute(streams_.place_of(path));
  std::error_code error;  // links in it resolved as far as it exists: one file, one name
  auto const whole = std::filesystem::weakly_canonical(place, error);
  outputs_.push_back(error ? place.lexically_normal().native() : whole.native());
}

// ---- Opener

void Opener::on_field(std::string_view name, FieldAccess, std::vector<std::byte> const*) {
  once(name);
}
void Opener::on_retired(std::string_view) {}
void Opener::on_array(std::string_view name, Scalar, ArrayBase&) {
  once(name);
}
void Opener::on_input(std::string_view name, Input& stream, std::string_view path) {
  once(name);
  if (status()) take(streams_.open(std::string(name), stream, path));
}
void Opener::on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) {
  once(name);
  if (status()) take(streams_.open(std::string(name), stream, path, mode));
}

// ---- Packer

void Packer::on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const*) {
  auto& field = manifest_.fields.emplace_back();
  field.name = name;
  field.form = access.kind.form;
  field.scalar = access.kind.scalar;
  field.key = access.kind.key;
  field.to = access.kind.to;
  access.pack(access.object, field.value);
}
void Packer::on_retired(std::string_view) {}
void Packer::on_array(std::string_view name, Scalar scalar, ArrayBase& array) {
  auto place = arena_.place_of(array, scalar);
  if (!place) place.emplace().scalar = scalar;  // never allocated: an empty shape
  place->name = name;
  manifest_.arrays.push_back(std::move(*place));
}
void Packer::on_input(std::string_view name, Input&, std::string_view) {
  add_mark(name);
}
void Packer::on_output(std::string_view name, Output&, std::string_view, Output::Mode) {
  add_mark(name);
}

void Packer::add_mark(std::string_view name) {
  auto mark = streams_.mark(name);
  if (mark) {
    manifest_.streams.push_back(std::move(*mark));
  } else {
    take(reject("stream_not_open",
                fmt::format("stream '{}' was not described before start(): describe() must name the "
                            "same streams every time",
                            name)));
  }
}

// ---- Restorer

template <class Entry>
Entry const* Restorer::find(std::vector<Entry> const& entries, std::string_view name) {
  once(name);
  met_.emplace(name);
  for (auto const& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

void Restorer::on_field(std::string_view name, FieldAccess access, std::vector<std::byte> const* absent) {
  auto const* const field = find(manifest_.fields, name);
  if (field == nullptr) {
    if (absent == nullptr) return take(missing("field", name));
    access.unpack(access.object, absent->data(), absent->size());
    return;
  }
  if (field->kind() != access.kind) {
    return take(type_changed("field", name, name_of(field->kind()), name_of(access.kind)));
  }
  if (!access.unpack(access.object, field->value.data(), field->value.size())) {
    take(data_lost("malformed",
                   fmt::format("field '{}' has {} bytes in the image", name, field->value.size())));
  }
}

void Restorer::on_retired(std::string_view name) {
  met_.emplace(name);
}

void Restorer::on_array(std::string_view name, Scalar scalar, ArrayBase& array) {
  auto const* const place = find(manifest_.arrays, name);
  if (place == nullptr) return take(missing("array", name));
  if (place->scalar != scalar)
    return take(type_changed("array", name, name_of(place->scalar), name_of(scalar)));
  if (!place->shape.empty()) take(arena_.bind(array, *place));
}

void Restorer::on_input(std::string_view name, Input& stream, std::string_view path) {
  auto const* const mark = find(manifest_.streams, name);
  if (!status()) return;
  if (mark == nullptr) return take(streams_.open(std::string(name), stream, path));  // new in this version
  if (mark->mode != StreamMode::input) return take(type_changed("stream", name, "an output", "an input"));
  take(streams_.reopen(*mark, stream));
}

void Restorer::on_output(std::string_view name, Output& stream, std::string_view path, Output::Mode mode) {
  auto const* const mark = find(manifest_.streams, name);
  if (!status()) return;
  if (mark == nullptr) return take(streams_.open(std::string(name), stream, path, mode));
  if (mark->mode == StreamMode::input) return take(type_changed("stream", name, "an input", "an output"));
  take(from_ == From::another ? streams_.copy(*mark, stream, path) : streams_.reopen(*mark, stream));
}

Status Restorer::finish() {
  auto const check = [this](char const* what, std::string const& name) {
    if (met_.contains(name)) return;
    take(reject("state_unknown",
                fmt::format("the image has {} '{}', and the job neither describes nor retires it: add "
                            "s.retired(\"{}\") if it may be dropped",
                            what, name, name)));
  };
  for (auto const& field : manifest_.fields) check("a field", field.name);
  for (auto const& place : manifest_.arrays) check("an array", place.name);
  for (auto const& mark : manifest_.streams) {
    if (mark.name != "stdout" && mark.name != "stderr") check("a stream", mark.name);
  }
  return status();
}

}  // namespace godwit::inside
