// LogSink: the port Log. Notes go to stderr for people, and to STORE/log/<rank>.jsonl for programs:
//   {"at_unix_ns":…,"level":"info","rank":0,"job":7,"epoch":3,"text":"…"}
// The file is bounded: when it is full it becomes <rank>.1.jsonl, replacing the one before.
//
// write() hands over to a thread: the loop never waits for the store. The queue is bounded; what doesn't
// fit is counted and said. The destructor writes what is queued.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "edge/capsules/link/unique_fd.hpp"
#include "port/world.hpp"

namespace godwit {

class LogSink final : public Log {
 public:
  struct Settings {
    std::filesystem::path directory;  // empty: stderr only
    Rank rank;
    Level to_stderr{Level::info};
    Level to_file{Level::config};
    std::uint64_t file_bytes_max{16ULL << 20};
  };

  LogSink(Settings settings, Clock const& clock);
  ~LogSink() override;
  LogSink(LogSink const&) = delete;
  LogSink& operator=(LogSink const&) = delete;

  void write(Note const& note) override;

 private:
  struct Entry {
    WallTime at;
    Note note;
  };
  void run();
  void put(Entry const& entry);
  void put_in_file(Entry const& entry);

  Settings settings_;
  Clock const& clock_;
  UniqueFd file_;
  std::uint64_t file_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  std::uint64_t lost_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

[[nodiscard]] char const* to_string(Level level);

}  // namespace godwit
