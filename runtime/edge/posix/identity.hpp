// Which machine and process this is. A pid means something only together with its node and boot id.
#pragma once

#include <sys/types.h>

#include <string>

namespace godwit {

[[nodiscard]] std::string node_name();
[[nodiscard]] std::string boot_id();  // changes with every boot; empty if the kernel doesn't say
[[nodiscard]] std::string user_name(uid_t user);  // "uid1000" if it has no name
[[nodiscard]] std::string whoami();               // "anna@node3 (pid 4711)"

}  // namespace godwit
