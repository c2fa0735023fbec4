// IndexedMap: a std::map that finds by an index beside it, with two looks into memory: for what is found a lot, and is
// gone through in order now and then. Insertion is as in a map, and quick at the end.
#pragma once

#include <map>
#include <utility>

#include "base/table.hpp"

namespace godwit {

template <class Key, Key none, class Value>
class IndexedMap {
 public:
  using Map = std::map<Key, Value>;
  using iterator = typename Map::iterator;
  using const_iterator = typename Map::const_iterator;

  IndexedMap() = default;
  IndexedMap(IndexedMap const& other) : map_(other.map_) { look_through(); }
  IndexedMap& operator=(IndexedMap const& other) {
    if (this == &other) return *this;
    map_ = other.map_;
    index_.clear();
    look_through();
    return *this;
  }
  IndexedMap(IndexedMap&&) noexcept = default;
  IndexedMap& operator=(IndexedMap&&) noexcept = default;
  bool operator==(IndexedMap const& other) const { return map_ == other.map_; }

  [[nodiscard]] Map const& map() const { return map_; }
  [[nodiscard]] iterator begin() { return map_.begin(); }
  [[nodiscard]] iterator end() { return map_.end(); }
  [[nodiscard]] const_iterator begin() const { return map_.begin(); }
  [[nodiscard]] const_iterator end() const { return map_.end(); }
  [[nodiscard]] auto rbegin() const { return map_.rbegin(); }
  [[nodiscard]] bool empty() const { return map_.empty(); }
  [[nodiscard]] std::size_t size() const { return map_.size(); }

  [[nodiscard]] iterator find(Key key) {
    auto const* entry = index_.find(key);
    return entry == nullptr ? map_.end() : entry->second;
  }
  [[nodiscard]] const_iterator find(Key key) const {
    auto const* entry = index_.find(key);
    return entry == nullptr ? map_.end() : const_iterator(entry->second);
  }
  [[nodiscard]] bool contains(Key key) const { return index_.contains(key); }
  [[nodiscard]] Value& at(Key key) { return there(find(key)); }
  [[nodiscard]] Value const& at(Key key) const { return there(find(key)); }
  [[nodiscard]] const_iterator lower_bound(Key key) const { return map_.lower_bound(key); }

  Value& operator[](Key key) { return try_emplace(key).first->second; }
  template <class... Parts>
  std::pair<iterator, bool> try_emplace(Key key, Parts&&... parts) {
    auto const [entry, fresh] = index_.try_emplace(key);
    if (fresh) entry->second = map_.try_emplace(map_.end(), key, std::forward<Parts>(parts)...);
    return {entry->second, fresh};
  }
  void erase(iterator at) {
    index_.erase(at->first);
    map_.erase(at);
  }
  bool erase(Key key) {
    auto const at = find(key);
    if (at == map_.end()) return false;
    erase(at);
    return true;
  }

 private:
  template <class Iterator>
  [[nodiscard]] auto& there(Iterator at) const {
    invariant(at != map_.end(), "what is asked for is there");
    return at->second;
  }
  void look_through() {
    for (auto at = map_.begin(); at != map_.end(); ++at) index_[at->first] = at;
  }

  Map map_;
  Table<Key, none, iterator> index_;
};

template <class Value>
using JobMap = IndexedMap<JobId, JobId{}, Value>;
template <class Value>
using RankMap = IndexedMap<Rank, no_rank, Value>;

}  // namespace godwit
