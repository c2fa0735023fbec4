#include "edge/capsules/link/page_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace godwit {
namespace {

// Linux 6.7's, which older headers lack.
constexpr std::uint64_t user_mode_only = 1;                     // UFFD_USER_MODE_ONLY
constexpr std::uint64_t feature_wp_shared_memory = 1ULL << 12;  // UFFD_FEATURE_WP_HUGETLBFS_SHMEM
constexpr std::uint64_t feature_wp_async = 1ULL << 15;          // UFFD_FEATURE_WP_ASYNC
constexpr std::uint64_t page_can_be_watched = 1ULL << 0;        // PAGE_IS_WPALLOWED
constexpr std::uint64_t page_is_written = 1ULL << 1;            // PAGE_IS_WRITTEN
constexpr std::uint64_t scan_arms_what_matches = 1ULL << 0;     // PM_SCAN_WP_MATCHING
constexpr std::uint64_t scan_only_watched = 1ULL << 1;          // PM_SCAN_CHECK_WPASYNC

struct ScanArguments {  // struct pm_scan_arg
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
      category_anyof_mask, return_mask;
};
struct Region {  // struct page_region
  std::uint64_t start, end, categories;
};
#define GODWIT_PAGEMAP_SCAN _IOWR('f', 16, ScanArguments)

using Regions = std::array<Region, 512>;  // the most that the kernel handles in one go

// The number of regions found from `from` on, and where to go on; -1 on failure.
int scan(PageWatch const& watch, std::uint64_t& from, std::uint64_t end, std::uint64_t category,
         std::uint64_t flags, std::span<Region> into, std::uint64_t pages_max = 0) {
  ScanArguments asked{.size = sizeof asked,
                      .flags = flags,
                      .start = from,
                      .end = end,
                      .walk_end = 0,
                      .vec = reinterpret_cast<std::uint64_t>(into.data()),
                      .vec_len = into.size(),
                      .max_pages = pages_max,
                      .category_inverted = 0,
                      .category_mask = category,
                      .category_anyof_mask = 0,
                      .return_mask = category};
  int found = 0;
  do {
    found = ::ioctl(watch.pagemap.get(), GODWIT_PAGEMAP_SCAN, &asked);
  } while (found < 0 && errno == EINTR);
  from = asked.walk_end;
  return found;
}

// Of a process that has ended, nothing is reported as written: so it is asked for what must be there.
bool is_watched(PageWatch const& watch, std::uint64_t at) {
  std::array<Region, 1> one{};
  auto from = at;
  return scan(watch, from, at + 4096, page_can_be_watched, 0, one, 1) == 1;
}

// Eight pages of shared memory, as an arena is.
class Pages {
 public:
  Pages() {
    UniqueFd const file(::memfd_create("godwit-probe", MFD_CLOEXEC));
    if (!file || ::ftruncate(file.get(), bytes) != 0) return;
    auto* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (start != MAP_FAILED) start_ = static_cast<char*>(start);
  }
  ~Pages() {
    if (start_ != nullptr) ::munmap(start_, bytes);
  }
  Pages(Pages const&) = delete;
  Pages& operator=(Pages const&) = delete;

  [[nodiscard]] char* start() const { return start_; }
  void write(std::uint64_t page) const { *reinterpret_cast<char volatile*>(start_ + page * 4096) = 1; }

  static constexpr std::uint64_t bytes = 8 * 4096;

 private:
  char* start_ = nullptr;
};

using Seen = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Failure impossible(char const* what) {
  return reject("not_tracked", fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

Result<PageWatch> watch_writes(void* start, std::uint64_t bytes) {
  PageWatch watch;
  watch.start = reinterpret_cast<std::uint64_t>(start);
  watch.bytes = bytes;
  watch.faults = UniqueFd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | user_mode_only)));
  if (!watch.faults) return impossible("userfaultfd");
  uffdio_api api{.api = UFFD_API, .features = feature_wp_async | feature_wp_shared_memory, .ioctls = 0};
  if (::ioctl(watch.faults.get(), UFFDIO_API, &api) != 0)
    return impossible("asynchronous write protection isn't known");
  uffdio_register registered{};
  registered.range = {watch.start, bytes};
  registered.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(watch.faults.get(), UFFDIO_REGISTER, &registered) != 0)
    return impossible("pages can't be registered");
  // Of a huge page that was written and taken out of memory nothing would be left to report; of small ones it
  // is. Huge ones that are there already become small ones with the first write to them once they are armed.
  ::madvise(start, bytes, MADV_NOHUGEPAGE);
  watch.pagemap = UniqueFd(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!watch.pagemap) return impossible("/proc/self/pagemap");
  return watch;
}

bool scan_writes(PageWatch const& watch, std::uint64_t bytes,
                 std::function<void(std::uint64_t first, std::uint64_t end)> const& each) {
  if (bytes == 0) return true;
  if (bytes > watch.bytes) return false;
  auto const end = watch.start + (bytes + 4095) / 4096 * 4096;
  Regions regions;
  for (auto from = watch.start; from < end;) {
    auto const before = from;
    auto const found =
        scan(watch, from, end, page_is_written, scan_arms_what_matches | scan_only_watched, regions);
    if (found < 0 || from <= before) return false;
    for (auto const& region : std::span(regions).first(static_cast<std::size_t>(found))) {
      each(region.start - watch.start, region.end - watch.start);
    }
  }
  return is_watched(watch, watch.start) && is_watched(watch, end - 4096);
}

std::string why_writes_cannot_be_watched() {
  if (::sysconf(_SC_PAGESIZE) != 4096) return "pages aren't of 4096 bytes here";
  Pages const pages;
  if (pages.start() == nullptr) return "no memory";
  for (std::uint64_t page = 0; page < 6; ++page) pages.write(page);  // the last two were never touched
  auto const watch = watch_writes(pages.start(), Pages::bytes);
  if (!watch) return watch.failure().context;
  auto const reports = [&](Seen const& expected) {
    Seen seen;
    auto const known =
        scan_writes(*watch, Pages::bytes, [&](auto first, auto end) { seen.emplace_back(first, end); });
    return known && seen == expected;
  };
  constexpr auto wrong = "PAGEMAP_SCAN doesn't report the pages that were written, or others too";
  if (auto const armed = scan_writes(*watch, Pages::bytes, [](auto, auto) {}); !armed)
    return "PAGEMAP_SCAN isn't known";
  if (!reports({})) return wrong;
  for (auto const page : {3, 5, 6}) pages.write(static_cast<std::uint64_t>(page));
  if (!reports({{3 * 4096, 4 * 4096}, {5 * 4096, 7 * 4096}}) || !reports({})) return wrong;
  pages.write(3);
  return reports({{3 * 4096, 4 * 4096}}) ? "" : wrong;
}

}  // namespace godwit
