#include "app/godwitd/faults.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <sstream>
#include <string>

#include "base/fault_point.hpp"

namespace godwit {
namespace {

struct Point {
  std::string text, act, what;
  std::uint64_t nth{1};
  int signal{SIGKILL};
  std::atomic<std::uint64_t> seen{0};
};

// Never destroyed: other threads may come by while this process ends.
std::deque<Point>& points() {
  static auto* const all = new std::deque<Point>;
  return *all;
}

std::string struck_directory;  // empty: each process strikes for itself

bool is_first_to_strike(Point const& point) {
  if (struck_directory.empty()) return true;
  auto name = point.text;
  for (char& c : name) c = c == '/' || c == '*' ? '_' : c;
  int const file = ::open((struck_directory + "/" + name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file >= 0) ::close(file);
  return file >= 0;
}

void at_point(char const* act, char const* what) {
  for (auto& point : points()) {
    if (point.act != act || (point.what != "*" && point.what != what)) continue;
    if (++point.seen != point.nth || !is_first_to_strike(point)) continue;
    ::kill(::getpid(), point.signal);
  }
}

Failure not_a_point(std::string const& word) {
  return reject("usage", fmt::format("GODWIT_FAULT: '{}' is not [RANK:]ACT:WHAT[@N][=stop|=segv]", word));
}

template <class Number>
bool read_number(std::string const& text, Number& to) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}

Status add_point(std::string const& word, Rank self) {
  auto rest = word;
  std::int32_t rank = self.value;
  if (auto const colon = rest.find(':'); colon != std::string::npos && std::isdigit(static_cast<unsigned char>(rest[0])) != 0) {
    if (!read_number(rest.substr(0, colon), rank)) return not_a_point(word);
    rest.erase(0, colon + 1);
  }
  int signal = SIGKILL;
  for (auto const& [name, number] : {std::pair{"=stop", SIGSTOP}, std::pair{"=segv", SIGSEGV}}) {
    if (!rest.ends_with(name)) continue;
    signal = number;
    rest.resize(rest.size() - std::strlen(name));
  }
  std::uint64_t nth = 1;
  if (auto const at = rest.find('@'); at != std::string::npos) {
    if (!read_number(rest.substr(at + 1), nth) || nth == 0) return not_a_point(word);
    rest.resize(at);
  }
  auto const colon = rest.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == rest.size()) return not_a_point(word);
  if (rank != self.value) return Done{};
  auto& point = points().emplace_back();
  point.text = word;
  point.act = rest.substr(0, colon);
  point.what = rest.substr(colon + 1);
  point.nth = nth;
  point.signal = signal;
  return Done{};
}

}  // namespace

Status arm_faults(Rank self) {
  auto const* const asked = std::getenv("GODWIT_FAULT");
  if (asked == nullptr) return Done{};
  std::istringstream words(asked);
  for (std::string word; words >> word;) {
    if (auto added = add_point(word, self); !added) return added;
  }
  if (auto const* const struck = std::getenv("GODWIT_FAULT_STRUCK")) struck_directory = struck;
  if (!points().empty()) fault_hook = at_point;
  return Done{};
}

}  // namespace godwit
