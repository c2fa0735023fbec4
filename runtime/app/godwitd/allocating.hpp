// What rank 0 and a host that takes over from it have in common: how an allocator is set up, and how it leaves.
#pragma once

#include "allocator/allocator.hpp"
#include "app/godwitd/options.hpp"
#include "edge/mpi/mpi_transport.hpp"
#include "edge/policies/policy_plugin.hpp"

namespace godwit {

[[nodiscard]] Result<PolicyPlugin> policy_of(Options const& options);
[[nodiscard]] allocator::Settings allocator_settings(Options const& options, PolicyPlugin const& policy);

// Waits until the hosts have gone, or for a few seconds. Over TCP, what was said last may be lost if the one who said it
// goes first. Those on other nodes, whose end can't be seen from here, get a moment.
void see_hosts_off(MpiTransport& transport, MpiWorld const& world, Clock const& clock);

}  // namespace godwit
