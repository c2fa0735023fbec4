// Which build of Godwit speaks on the link between host and capsule. Both programs are made together, and what
// they say to each other has no version of its own: the two must agree to the byte. So the zygote's first
// packet says which build it is, and a host takes no capsules from another one.
#pragma once

#include <string>
#include <string_view>

namespace godwit {

// "0.1.0-5f3c9a01d2e4": the version, and a digest of the sources in which the link is laid down. Programs
// that were linked from the same ones agree, whenever and with whatever flags they were built.
[[nodiscard]] std::string link_build();

// What a zygote says first, before the build: plain text, so that every version can read it.
inline constexpr std::string_view build_greeting = "godwit-capsule ";

}  // namespace godwit
