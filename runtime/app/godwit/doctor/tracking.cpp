// Which way of finding changed pages this kernel keeps its word on: a page is changed, and must be reported
// alone. The constants are Linux 6.7's, which older headers lack.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "app/godwit/doctor/examine.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::cli {
namespace {

using Verdict = Finding::Verdict;

constexpr std::uint64_t user_mode_only = 1;             // UFFD_USER_MODE_ONLY
constexpr std::uint64_t feature_wp_async = 1ULL << 15;  // UFFD_FEATURE_WP_ASYNC
constexpr std::uint64_t page_is_written = 1ULL << 1;

struct ScanArguments {  // struct pm_scan_arg
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
      category_anyof_mask, return_mask;
};
struct Region {  // struct page_region
  std::uint64_t start, end, categories;
};
#define GODWIT_PAGEMAP_SCAN _IOWR('f', 16, ScanArguments)

// A private mapping that is given back.
class Pages {
 public:
  explicit Pages(std::size_t count) : bytes_(count * page_bytes()) {
    start_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start_ != MAP_FAILED) std::memset(start_, 1, bytes_);
  }
  ~Pages() {
    if (start_ != MAP_FAILED) ::munmap(start_, bytes_);
  }
  Pages(Pages const&) = delete;
  Pages& operator=(Pages const&) = delete;

  static std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
  [[nodiscard]] bool there() const { return start_ != MAP_FAILED; }
  [[nodiscard]] char* at(std::size_t page) const { return static_cast<char*>(start_) + page * page_bytes(); }
  [[nodiscard]] std::uint64_t start() const { return reinterpret_cast<std::uint64_t>(start_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  void* start_;
};

// Arms write protection on the pages; empty if that worked, else why not.
std::string arm(UniqueFd const& faults, Pages const& pages) {
  uffdio_api api{.api = UFFD_API, .features = feature_wp_async, .ioctls = 0};
  if (::ioctl(faults.get(), UFFDIO_API, &api) != 0) return "asynchronous write protection isn't known";
  uffdio_register registered{};
  registered.range = {pages.start(), pages.bytes()};
  registered.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(faults.get(), UFFDIO_REGISTER, &registered) != 0) return "pages can't be registered";
  uffdio_writeprotect armed{};
  armed.range = {pages.start(), pages.bytes()};
  armed.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  return ::ioctl(faults.get(), UFFDIO_WRITEPROTECT, &armed) == 0 ? "" : "pages can't be write-protected";
}

std::string try_async() {
  UniqueFd const faults(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | user_mode_only)));
  if (faults.get() < 0) return fmt::format("userfaultfd: {}", std::strerror(errno));
  Pages const pages(8);
  if (!pages.there()) return "no memory";
  if (auto const why = arm(faults, pages); !why.empty()) return why;
  *pages.at(3) = 2;
  UniqueFd const pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  std::array<Region, 8> regions{};
  ScanArguments scan{.size = sizeof scan,
                     .flags = 0,
                     .start = pages.start(),
                     .end = pages.start() + pages.bytes(),
                     .walk_end = 0,
                     .vec = reinterpret_cast<std::uint64_t>(regions.data()),
                     .vec_len = regions.size(),
                     .max_pages = 0,
                     .category_inverted = 0,
                     .category_mask = page_is_written,
                     .category_anyof_mask = 0,
                     .return_mask = page_is_written};
  auto const found = ::ioctl(pagemap.get(), GODWIT_PAGEMAP_SCAN, &scan);
  if (found < 0) return fmt::format("PAGEMAP_SCAN: {}", std::strerror(errno));
  auto const changed = reinterpret_cast<std::uint64_t>(pages.at(3));
  bool const right =
      found == 1 && regions[0].start == changed && regions[0].end == changed + Pages::page_bytes();
  return right ? "" : "PAGEMAP_SCAN doesn't report the page that was changed, or others too";
}

}  // namespace

Findings examine_tracking() {
  auto const why = try_async();
  if (why.empty()) {
    return {
        {"changed pages", Verdict::ok, "userfaultfd and PAGEMAP_SCAN report exactly what was changed", {}}};
  }
  return {{"changed pages", Verdict::warn, why,
           "moves stop a job for as long as its memory takes to be sent, as they do anyway in this version; "
           "Linux 6.7 has what is missing"}};
}

}  // namespace godwit::cli
