// A user's own policy, loaded from a shared object into this process, once and for good. Loading runs its static
// initialisers. Any thread, one at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "policy/policy.hpp"

namespace godwit {

struct PolicyPlugin {
  std::string name;  // as the policy itself says
  policy::MakePolicy make{nullptr};
};

// Where a policy is asked for, this is a file and not the name of one that Godwit has: it has a / in it, or ends in .so.
[[nodiscard]] bool is_policy_file(std::string_view text);

// What is wrong with it as the policy of a runtime: neither the name of one that is for runs, nor a file. Empty: nothing.
[[nodiscard]] std::string not_a_runs_policy(std::string const& text);

// Fails, saying why and what to do, if it isn't a shared object, isn't a policy of Godwit, or was built for another
// interface version or by another compiler.
[[nodiscard]] Result<PolicyPlugin> load_policy(std::filesystem::path const& path);

}  // namespace godwit
