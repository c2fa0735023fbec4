// Partners: which host keeps, in its memory, a copy of another host's images, so that a job whose host died goes on
// without the store. On another node if there is one, for a node's hosts die together; spread evenly, for a copy costs
// memory. A host keeps its partner as long as both live, for a new one has to be sent everything again. Pure
// functions over ordered containers, so the same question always gets the same answer.
#pragma once

#include <map>
#include <string>

#include "base/ids.hpp"

namespace godwit::policy {

using Nodes = std::map<Rank, std::string>;  // the live hosts, each with the node that it is on
using Partners = std::map<Rank, Rank>;      // host → who keeps its copies

// A partner for each of these hosts; for none of them if there is only one. `present`: those that they have. It is
// kept where it lives, and is on another node or there is no other node. Else the next host in order of rank, round
// about, among those that keep copies for the fewest.
[[nodiscard]] Partners choose_partners(Nodes const& hosts, Partners const& present = {});

}  // namespace godwit::policy
