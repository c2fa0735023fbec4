// Run: comparing two, and saying in words where they first differ.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>

#include "godwit/testing.hpp"
#include "state/spelling.hpp"

namespace godwit::testing {

namespace {

constexpr char const* forgotten = ": is a member missing from describe()?";
constexpr std::size_t shown_max = 60;  // characters of a value

std::string shortened(std::string const& text) {
  if (text.size() <= shown_max) return text;
  auto end = shown_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

// "3 undisturbed, 5 moved at every step"
std::string both(std::string const& left_value, Run const& left, std::string const& right_value,
                 Run const& right) {
  return fmt::format("{} {}, {} {}", left_value, left.how, right_value, right.how);
}

// Long values differ somewhere inside: shows them from a little before that place.
std::string of_fields(std::string const& name, std::string const& a, Run const& left, std::string const& b,
                      Run const& right) {
  if (a.size() <= shown_max && b.size() <= shown_max)
    return fmt::format("field '{}' differs: {}", name, both(a, left, b, right));
  auto const at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  auto const from = at < 20 ? 0 : at - 20;
  auto const part = [&](std::string const& text) {
    return (from > 0 ? "…" : "") + shortened(text.substr(std::min(from, text.size())));
  };
  return fmt::format("field '{}' differs from character {} on: {}", name, at + 1,
                     both(part(a), left, part(b), right));
}

std::string index_text(std::uint64_t at, std::vector<std::uint64_t> const& shape) {
  std::vector<std::uint64_t> index(shape.size());
  for (auto i = shape.size(); i-- > 0;) {
    index[i] = at % shape[i];
    at /= shape[i];
  }
  return fmt::format("[{}]", fmt::join(index, ", "));
}

Scalar scalar_named(std::string const& name) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(Scalar::f64); ++i) {
    if (name == name_of(Scalar{i})) return Scalar{i};
  }
  return Scalar::u8;
}

std::string of_arrays(std::string const& name, Run::Array const& a, Run const& left, Run::Array const& b,
                      Run const& right) {
  if (a.type != b.type || a.shape != b.shape) {
    auto const spelled = [](Run::Array const& array) {
      return fmt::format("{} [{}]", array.type, fmt::join(array.shape, ", "));
    };
    return fmt::format("array '{}' differs: {}", name, both(spelled(a), left, spelled(b), right));
  }
  auto const scalar = scalar_named(a.type);
  auto const width = width_bytes(scalar);
  std::uint64_t first = 0, count = 0;
  for (std::uint64_t i = 0; i < a.bytes.size() / width; ++i) {
    if (std::memcmp(a.bytes.data() + i * width, b.bytes.data() + i * width, width) == 0) continue;
    if (count++ == 0) first = i;
  }
  return fmt::format("array '{}' differs in {} of {} elements, first at {}: {}", name, count,
                     a.bytes.size() / width, index_text(first, a.shape),
                     both(number_text(scalar, a.bytes.data() + first * width), left,
                          number_text(scalar, b.bytes.data() + first * width), right));
}

// "out.csv differs at byte 17 (line 3)", as cmp counts.
std::string of_bytes(std::string const& name, std::string const& a, Run const& left, std::string const& b,
                     Run const& right) {
  auto const at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  auto const line = 1 + std::count(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  auto const begin = at == 0 ? 0 : a.rfind('\n', at - 1) == std::string::npos ? 0 : a.rfind('\n', at - 1) + 1;
  auto const line_of = [&](std::string const& text) {
    if (begin >= text.size()) return std::string("the end");
    auto const from = at - begin > shown_max / 2 ? at - shown_max / 2 : begin;
    return shortened(quoted(std::string_view(text).substr(from, text.find('\n', at) - from)));
  };
  return fmt::format("{} differs at byte {} (line {}): {}", name, at + 1, line,
                     both(line_of(a), left, line_of(b), right));
}

// The first difference between two maps, by `differ` where both have the name.
template <class Map, class F>
std::string of_maps(char const* what, Map const& a, Run const& left, Map const& b, Run const& right,
                    F differ) {
  for (auto const& [name, value] : a) {
    auto const found = b.find(name);
    if (found == b.end())
      return fmt::format("{} '{}' is there {}, and not {}", what, name, left.how, right.how);
    if (!(found->second == value)) return differ(name, value, found->second);
  }
  for (auto const& [name, value] : b) {
    if (!a.contains(name))
      return fmt::format("{} '{}' is there {}, and not {}", what, name, right.how, left.how);
  }
  return {};
}

std::string of_state(Run const& a, Run const& b) {
  auto text =
      of_maps("field", a.fields, a, b.fields, b, [&](auto const& name, auto const& left, auto const& right) {
        return of_fields(name, left.value, a, right.value, b);
      });
  if (!text.empty()) return text;
  return of_maps("array", a.arrays, a, b.arrays, b,
                 [&](auto const& name, auto const& left, auto const& right) {
                   return of_arrays(name, left, a, right, b);
                 });
}

std::string of_files(Run const& a, Run const& b) {
  auto text =
      of_maps("file", a.files, a, b.files, b, [&](auto const& name, auto const& left, auto const& right) {
        return of_bytes(name, left, a, right, b);
      });
  if (text.empty() && a.out != b.out) text = of_bytes("stdout", a.out, a, b.out, b);
  if (text.empty() && a.err != b.err) text = of_bytes("stderr", a.err, a, b.err, b);
  return text;
}

}  // namespace

std::string Run::difference_from(Run const& other) const {
  // The run that nobody disturbed is named first, whichever way round they are compared.
  if (other.moves == 0 && moves > 0) return other.difference_from(*this);
  bool const vary = steps_vary || other.steps_vary;
  bool const agree = vary || steps == other.steps;
  auto const steps_text = vary    ? std::string("steps vary")
                          : agree ? std::string("steps agree")
                                  : "steps differ: " + both(std::to_string(steps), *this,
                                                            std::to_string(other.steps), other);
  if (outcome != other.outcome) {
    auto const ended = [](Run const& run) {
      return fmt::format("{}: {} after {} step{}", run.how, run.outcome, run.steps,
                         run.steps == 1 ? "" : "s");
    };
    bool const told = other.outcome.starts_with("refused") || other.outcome.starts_with("crashed");
    return fmt::format("{}; {}{}", ended(*this), ended(other), told ? "" : forgotten);
  }
  auto const in_state = of_state(*this, other);
  auto const first = in_state.empty() ? of_files(*this, other) : in_state;
  if (first.empty()) return agree ? "" : steps_text;
  return fmt::format("{}; {}{}", steps_text, first, forgotten);
}

bool operator==(Run const& left, Run const& right) {
  left.found_ = left.difference_from(right);
  right.found_.clear();
  return left.found_.empty();
}

std::ostream& operator<<(std::ostream& out, Run const& run) {
  auto const plural = [](std::uint64_t n, char const* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  out << run.how << ": " << run.outcome << " after " << plural(run.steps, "step");
  if (run.moves > 0) out << " and " << plural(run.moves, "move");
  out << "; " << plural(run.fields.size(), "field") << ", " << plural(run.arrays.size(), "array") << ", "
      << plural(run.files.size(), "file") << ", " << plural(run.out.size() + run.err.size(), "byte")
      << " printed";
  if (!run.found_.empty()) out << "\n  " << run.found_;
  return out;
}

}  // namespace godwit::testing
