#include "app/world/verdict.hpp"

#include <nlohmann/json.hpp>

#include "edge/posix/file.hpp"

namespace godwit {
namespace {

using Json = nlohmann::json;
constexpr std::size_t verdict_bytes_max = 1 << 16;

std::filesystem::path verdict_path(std::filesystem::path const& store) {
  return store / "verdict.json";
}

}  // namespace

void write_verdict(std::filesystem::path const& store, Term term, int code, WallTime at) {
  Json const verdict{{"version", 1}, {"term", term.value}, {"exit_code", code}, {"ended_unix_ns", at.unix_ns}};
  (void)replace_file(verdict_path(store), verdict.dump() + "\n", 0644).ok();  // a store that is gone can't be told
}

std::optional<int> verdict_since(std::filesystem::path const& store, Term term) {
  auto const text = read_file(verdict_path(store), verdict_bytes_max);
  auto const verdict = text ? Json::parse(*text, nullptr, false) : Json();
  if (!verdict.is_object() || verdict.value("term", std::uint64_t{0}) < term.value) return std::nullopt;
  return verdict.value("exit_code", -1);
}

}  // namespace godwit
