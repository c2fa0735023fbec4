#include "edge/posix/log_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <iterator>

#include "base/bytes.hpp"

namespace godwit {
namespace {

constexpr std::size_t queue_max = 10'000;

void append_json_text(std::string& out, std::string_view text) {
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

// One line, and no escape sequences of a job's into the user's terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\n    ";
    } else if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    }
  }
  return out;
}

void write_fully(int fd, std::string_view text) {
  while (!text.empty()) {
    auto const written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;  // a log that can't be written must not stop the runtime
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

char const* to_string(Level level) {
  switch (level) {
    case Level::config:
      return "config";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::severe:
      return "severe";
  }
  return "unknown";
}

LogSink::LogSink(Settings settings, Clock const& clock) : settings_(std::move(settings)), clock_(clock) {
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "godwit-log");
}

LogSink::~LogSink() {
  {
    std::lock_guard const lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LogSink::write(Note const& note) {
  if (note.level < settings_.to_file && note.level < settings_.to_stderr) return;
  {
    std::lock_guard const lock(mutex_);
    if (queue_.size() >= queue_max) {
      ++lost_;
      return;
    }
    queue_.push_back({clock_.wall(), note});
  }
  changed_.notify_one();
}

void LogSink::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    auto entries = std::exchange(queue_, {});
    auto const lost = std::exchange(lost_, 0);
    bool const stop = stop_;
    lock.unlock();
    for (auto const& entry : entries) put(entry);
    if (lost > 0) {
      put({clock_.wall(),
           {Level::warning, {}, {}, fmt::format("{} notes didn't fit the log's queue", lost)}});
    }
    lock.lock();
    if (stop && queue_.empty()) return;
  }
}

void LogSink::put(Entry const& entry) {
  auto const& note = entry.note;
  if (note.level >= settings_.to_stderr) {
    auto const seconds = static_cast<std::time_t>(entry.at.unix_ns / 1'000'000'000);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    auto line = fmt::format("{:02}:{:02}:{:02} ", local.tm_hour, local.tm_min, local.tm_sec);
    if (settings_.rank != allocator_rank) line += fmt::format("host {} ", settings_.rank);
    if (note.level >= Level::warning) line += fmt::format("{}: ", to_string(note.level));
    if (note.job != JobId{}) line += fmt::format("job {}: ", note.job);
    line += printable(note.text) + "\n";
    write_fully(STDERR_FILENO, line);
  }
  if (note.level >= settings_.to_file && !settings_.directory.empty()) put_in_file(entry);
}

void LogSink::put_in_file(Entry const& entry) {
  auto const path = settings_.directory / fmt::format("{}.jsonl", settings_.rank);
  if (file_ && file_bytes_ >= settings_.file_bytes_max) {
    file_.reset();
    ::rename(path.c_str(), (settings_.directory / fmt::format("{}.1.jsonl", settings_.rank)).c_str());
  }
  if (!file_) {
    file_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    struct stat status {};
    file_bytes_ =
        file_ && ::fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  if (!file_) return;
  auto const& note = entry.note;
  auto line = fmt::format(R"({{"at_unix_ns":{},"level":"{}","rank":{})", entry.at.unix_ns,
                          to_string(note.level), settings_.rank);
  if (note.job != JobId{}) {
    auto const* const quote = note.job.element() == 0 ? "" : "\"";  // 7, or "7_3"
    line += fmt::format(R"(,"job":{0}{1}{0},"epoch":{2})", quote, note.job, note.epoch);
  }
  line += R"(,"text":")";
  append_json_text(line, note.text);
  line += "\"}\n";
  write_fully(file_.get(), line);
  file_bytes_ += line.size();
}

}  // namespace godwit
