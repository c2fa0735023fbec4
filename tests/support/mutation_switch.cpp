// Part of each test program of a build with mutations: which one is present, from the environment.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/mutation.hpp"

namespace {

godwit::Mutation wanted() {
  auto const* const named = std::getenv("GODWIT_MUTATION");
  if (named == nullptr || *named == '\0') return godwit::Mutation::none;
#define GODWIT_MUTATION_CASE(name, what) \
  if (std::string_view(named) == #name) return godwit::Mutation::name;
  GODWIT_MUTATION_LIST(GODWIT_MUTATION_CASE)
#undef GODWIT_MUTATION_CASE
  std::fprintf(stderr, "there is no mutation '%s': runtime/base/mutation.hpp lists them\n", named);
  std::exit(2);
}

[[maybe_unused]] bool const present = [] {
  godwit::present_mutation = wanted();
  return true;
}();

}  // namespace
