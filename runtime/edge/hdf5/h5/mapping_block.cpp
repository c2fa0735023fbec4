#include "edge/hdf5/h5/mapping_block.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <string_view>

#include "base/panic.hpp"

namespace godwit::h5 {
namespace {

constexpr std::uint32_t type_of_hyperslab = 2, type_of_all = 3, selection_version = 1;

// HDF5's numbers are little-endian.
template <class Number>
void put_at(Bytes& bytes, std::size_t at, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = static_cast<std::byte>(value >> 8 * i);
}
template <class Number>
void append(Bytes& bytes, Number value) {
  bytes.resize(bytes.size() + sizeof value);
  put_at(bytes, bytes.size() - sizeof value, value);
}

std::uint32_t word_at(ByteView bytes, std::size_t at) {  // what lies behind the end is zero
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i) word |= std::to_integer<std::uint32_t>(bytes[at + i]) << 8 * i;
  return word;
}

}  // namespace

MappingBlock::MappingBlock() : bytes_(1 + 8) {}

void MappingBlock::text(std::string const& text) {
  auto const view = view_of(text);
  bytes_.insert(bytes_.end(), view.begin(), view.end());
  bytes_.push_back(std::byte{0});
}

void MappingBlock::selection(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges) {
  append(bytes_, type_of_hyperslab);
  append(bytes_, selection_version);
  append(bytes_, std::uint32_t{0});
  auto const length_at = bytes_.size();
  append(bytes_, std::uint32_t{0});
  append(bytes_, static_cast<std::uint32_t>(shape.size()));
  auto const count_at = bytes_.size();
  append(bytes_, std::uint32_t{0});
  std::uint32_t count = 0;
  Boxes boxes(shape, [&](std::vector<std::uint64_t> const& start, std::vector<std::uint64_t> const& extent) {
    for (auto const at : start) append(bytes_, static_cast<std::uint32_t>(at));
    for (std::size_t d = 0; d < start.size(); ++d) append(bytes_, static_cast<std::uint32_t>(start[d] + extent[d] - 1));
    ++count;
  });
  for (auto const& range : ranges) boxes.add(range);
  put_at(bytes_, length_at, static_cast<std::uint32_t>(bytes_.size() - length_at - 4));
  put_at(bytes_, count_at, count);
}

void MappingBlock::add(std::string const& file, std::string const& path, std::vector<std::uint64_t> const& source_shape,
                       std::vector<Range> const& in_source, std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges) {
  text(file);
  text(path);
  selection(source_shape, in_source);
  selection(shape, ranges);
  ++mappings_;
}

void MappingBlock::add_all(std::string const& file, std::string const& path) {
  text(file);
  text(path);
  for (int i = 0; i < 2; ++i) {
    for (auto const word : {type_of_all, selection_version, std::uint32_t{0}, std::uint32_t{0}}) append(bytes_, word);
  }
  ++mappings_;
}

Bytes MappingBlock::take() {
  put_at(bytes_, 1, mappings_);  // after the version, 0
  append(bytes_, lookup3(bytes_));
  return std::move(bytes_);
}

StandIn stand_in_of(std::size_t block_bytes, std::size_t number) {
  MappingBlock shortest;
  shortest.add_all("", stand_in_path);
  auto const least = shortest.take().size();
  auto file = "stands in for " + std::to_string(number) + " ";
  invariant(block_bytes >= least + file.size(), "a block of mappings with none");
  file.resize(block_bytes - least, '-');
  MappingBlock block;
  block.add_all(file, stand_in_path);
  return {file, block.take()};
}

std::size_t only_place_of(ByteView bytes, ByteView in) {
  auto const text = [](ByteView view) { return std::string_view(reinterpret_cast<char const*>(view.data()), view.size()); };
  auto const what = text(bytes), where = text(in);
  std::boyer_moore_horspool_searcher const searcher(what.begin(), what.end());
  auto const first = std::search(where.begin(), where.end(), searcher);
  if (first == where.end() || std::search(first + 1, where.end(), searcher) != where.end()) return npos;
  return static_cast<std::size_t>(first - where.begin());
}

std::uint32_t lookup3(ByteView bytes) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size());
  auto b = a, c = a;
  if (bytes.empty()) return c;
  auto const add = [&](ByteView part) {
    a += word_at(part, 0);
    b += word_at(part, 4);
    c += word_at(part, 8);
  };
  for (; bytes.size() > 12; bytes = bytes.subspan(12)) {
    add(bytes.first(12));
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }
  add(bytes);
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

}  // namespace godwit::h5
