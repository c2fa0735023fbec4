// Recipe: what a checkpoint file says, as an input of the fuzzer: a file with right digests is made from it.
//
// Bytes at random never get beyond the seal, and what lies behind it is guarded by digests and HDF5's own checksums. What a faulty
// or hostile writer could put there nevertheless are the values that Godwit itself reads: these are an input's. HDF5's
// structures are always whole, for its library isn't on trial here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace godwit::fuzz {

struct RecipeRow {  // of /integrity/places
  std::uint64_t first{0}, count{0}, file{0}, offset{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& first& count& file& offset;
  }
};

struct RecipeChunk {  // of /integrity/chunks
  std::uint64_t file{0}, first{0}, address{0}, stored{0}, whole{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& file& first& address& stored& whole;
  }
};

struct RecipeArray {               // of one in the manifest
  Bytes data;                      // repeated until it is filled
  std::vector<std::uint64_t> shape;   // of its dataset; empty: as the manifest says
  std::vector<std::uint64_t> blocks;  // digests; empty: the right ones
  std::vector<RecipeRow> places;      // of a file that needs others; in this file they count from behind the head
  std::vector<RecipeChunk> chunks;    // likewise
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& data& shape& blocks& places& chunks;
  }
};

struct Recipe {
  std::uint32_t format{0};
  std::uint64_t job{0}, element{0};  // as the attributes have it
  Bytes label, manifest;
  std::vector<std::string> specification, output;  // each a dataset of as many texts; empty: there is none
  std::vector<std::pair<std::string, std::uint64_t>> needed;  // the root of one that is there is put right
  std::vector<RecipeArray> arrays;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& format& job& element& label& manifest& specification& output& needed& arrays;
  }
};

// A file that others may need: "1-1.h5", of `pages` pages of one array, from the head on. Made once.
struct Ancestor {
  std::uint64_t root{0};
  std::uint64_t slab{0};  // where its pages begin
};
[[nodiscard]] Ancestor const& ancestor(std::filesystem::path const& directory);

// False: nothing can be made of it.
[[nodiscard]] bool make_file(Recipe const& recipe, std::filesystem::path const& path);

}  // namespace godwit::fuzz
