// Transactional files of a job. A stream that is declared in describe() is opened before start(),
// its offset travels in every image, an output is cut back to the image's offset on restore, and so
// what a reader finds at the end is what an undisturbed run would have written.
// Failures of the file system end the step with an exception that the runtime turns into the job's
// failure, with path and reason. One thread: the job's.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace godwit {

// What the runtime puts behind a stream.
class InputChannel {
 public:
  virtual std::size_t read(char* to, std::size_t size) = 0;  // 0 at the end; throws on error
  virtual bool line(std::string& to) = 0;                    // without '\n'; false at the end
  virtual std::uint64_t offset() const = 0;                  // bytes consumed by the job
  virtual std::uint64_t size() const = 0;                    // of the file when it was opened
 protected:
  ~InputChannel() = default;
};
class OutputChannel {
 public:
  virtual void write(char const* from, std::size_t size) = 0;  // buffered; throws on error
  virtual std::uint64_t offset() const = 0;                    // bytes written by the job
 protected:
  ~OutputChannel() = default;
};

class Input {
 public:
  Input() = default;
  Input(Input const&) = delete;
  Input& operator=(Input const&) = delete;

  // Up to `size` bytes into `to`; fewer only at the end of the file, 0 there.
  std::size_t read(char* to, std::size_t size) { return channel_->read(to, size); }
  // The next line without its newline; false at the end of the file.
  bool line(std::string& to) { return channel_->line(to); }
  [[nodiscard]] std::uint64_t offset() const { return channel_->offset(); }
  [[nodiscard]] std::uint64_t size() const { return channel_->size(); }

  void bind(InputChannel* channel) { channel_ = channel; }  // for the runtime

 private:
  InputChannel* channel_ = nullptr;
};

class Output {
 public:
  enum Mode : std::uint8_t { replace = 0, append = 1 };

  Output() = default;
  Output(Output const&) = delete;
  Output& operator=(Output const&) = delete;

  void write(std::string_view text) { channel_->write(text.data(), text.size()); }
  void write(void const* from, std::size_t size) { channel_->write(static_cast<char const*>(from), size); }
  Output& operator<<(std::string_view text) {
    write(text);
    return *this;
  }
  [[nodiscard]] std::uint64_t offset() const { return channel_->offset(); }

  void bind(OutputChannel* channel) { channel_ = channel; }  // for the runtime

 private:
  OutputChannel* channel_ = nullptr;
};

}  // namespace godwit
