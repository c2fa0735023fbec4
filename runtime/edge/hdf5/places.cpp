#include "edge/hdf5/places.hpp"

#include <algorithm>

namespace godwit {
namespace {

void add(Places& places, Place place) {
  if (place.count == 0) return;
  if (!places.empty()) {
    auto& last = places.back();
    bool const goes_on = last.file == place.file && last.first + last.count == place.first &&
                         last.offset + last.count * tracked_page_bytes == place.offset;
    if (goes_on) {
      last.count += place.count;
      return;
    }
  }
  places.push_back(place);
}

// Of a place the pages [first, end).
Place part_of(Place const& place, std::uint64_t first, std::uint64_t end) {
  first = std::max(first, place.first);
  end = std::min(end, place.first + place.count);
  return {first, end > first ? end - first : 0, place.file,
          place.offset + (first - place.first) * tracked_page_bytes};
}

}  // namespace

std::uint64_t page_count(PageRuns const& runs) {
  std::uint64_t count = 0;
  for (auto const& run : runs) count += run.count;
  return count;
}

Places over(Places const& below, Places const& above) {
  Places both;
  auto hidden = above.begin();
  for (auto const& place : below) {
    auto at = place.first;
    auto const end = place.first + place.count;
    while (at < end) {
      while (hidden != above.end() && hidden->first + hidden->count <= at) add(both, *hidden++);
      if (hidden == above.end()) {
        add(both, part_of(place, at, end));
        break;
      }
      add(both, part_of(place, at, hidden->first));
      if (hidden->first >= end) break;
      at = hidden->first + hidden->count;
      if (at >= end) break;
    }
  }
  for (; hidden != above.end(); ++hidden) add(both, *hidden);
  return both;
}

Places packed(PageRuns const& runs, std::uint64_t file, std::uint64_t offset) {
  Places places;
  for (auto const& run : runs) {
    places.push_back({run.first, run.count, file, offset});
    offset += run.count * tracked_page_bytes;
  }
  return places;
}

bool cover(Places const& places, std::uint64_t pages) {
  std::uint64_t at = 0;
  for (auto const& place : places) {
    if (place.first != at || place.count == 0 || place.count > pages - at) return false;
    at += place.count;
  }
  return at == pages;
}

PageRuns united(PageRuns const& one, PageRuns const& other) {
  PageRuns all(one);
  all.insert(all.end(), other.begin(), other.end());
  std::ranges::sort(all, {}, &PageRun::first);
  PageRuns runs;
  for (auto const& run : all) {
    if (!runs.empty() && run.first <= runs.back().first + runs.back().count) {
      auto& last = runs.back();
      last.count = std::max(last.first + last.count, run.first + run.count) - last.first;
    } else {
      runs.push_back(run);
    }
  }
  return runs;
}

PageRuns of_array(PageRuns const& pages, ArrayPlace const& array) {
  auto const begin = array.offset / tracked_page_bytes;
  auto const end = begin + pages_of(array.bytes);
  PageRuns runs;
  for (auto const& run : pages) {
    auto const first = std::max(run.first, begin);
    auto const last = std::min(run.first + run.count, end);
    if (first < last) runs.push_back({first - begin, last - first});
  }
  return runs;
}

}  // namespace godwit
