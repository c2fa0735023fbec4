// Translate: makes an image from a machine of another kind one of this machine.
//
// Fields, counts and texts are the same bytes everywhere; arrays are memory as the other machine had it, so
// where its byte order differs their elements are turned around. That is right only if every byte of the
// arena belongs to an array that the manifest names: anything else is refused, because nobody can tell what
// it means. One thread.
#pragma once

#include "base/result.hpp"
#include "edge/capsules/inside/arena.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

// Changes the arrays in the arena, which holds the image's pages, if need be. Of an image of this
// architecture it does nothing. Failure code: "other_architecture".
[[nodiscard]] Status translate(Manifest const& manifest, Arena const& arena);

}  // namespace godwit::inside
