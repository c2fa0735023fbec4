// fetch: copies a page to a file over http. Shows something that can't travel: a connection. It isn't
// described; a step makes it when there is none, which is also so after a move, a restart or a drop, and the
// page goes on where the file ends.
//
// The rest of the page is asked for as a range, under the condition that the page is still the same (RFC
// 9110, If-Range). A server without ranges sends all of it: what the file holds is read past, and compared.
#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <godwit/job.hpp>

namespace {

using namespace std::chrono_literals;

constexpr auto step_wait = 10ms;  // for bytes: a safe point is never further away than about this
constexpr auto backoff_max = 30s;

// What identifies a version of the page. Servers give one of them, both, or none.
struct Version {
  std::string etag, modified;

  // Surely another one: what either answer leaves out says nothing.
  [[nodiscard]] bool differs(Version const& other) const {
    auto const differ = [](auto const& a, auto const& b) { return !a.empty() && !b.empty() && a != b; };
    return differ(etag, other.etag) || differ(modified, other.modified);
  }
  // For If-Range: a weak ETag doesn't promise equal bytes.
  [[nodiscard]] std::string condition() const {
    return !etag.empty() && !etag.starts_with("W/") ? etag : modified;
  }
};

// The head of the last response; those of redirections are forgotten.
struct Head {
  long status = 0;
  Version version;
  std::uint64_t first = 0;  // of a part: its place in the page
  std::int64_t whole = -1;  // bytes of the page; -1: not told
};

// One request over one connection. Bytes are taken out of it; it never waits for longer than it is told.
class Transfer {
 public:
  Transfer(std::string const& url, std::uint64_t from, Version const& version, std::int64_t patience_s)
      : multi_(curl_multi_init(), curl_multi_cleanup), easy_(curl_easy_init(), curl_easy_cleanup) {
    if (!multi_ || !easy_) throw std::runtime_error("libcurl can't be initialised");
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 10L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "godwit-fetch");
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(patience_s));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // slower than a byte a second for that long: dropped
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(patience_s));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    if (from > 0 && !version.condition().empty()) {
      set(CURLOPT_RANGE, (std::to_string(from) + "-").c_str());
      headers_.reset(curl_slist_append(nullptr, ("If-Range: " + version.condition()).c_str()));
      set(CURLOPT_HTTPHEADER, headers_.get());
    }
    curl_multi_add_handle(multi_.get(), easy_.get());
  }
  ~Transfer() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Transfer(Transfer const&) = delete;
  Transfer& operator=(Transfer const&) = delete;

  // What of the body has come in since the last call. Waits a moment if that is nothing.
  std::string receive() {
    int running = 0;
    body_.clear();
    curl_multi_perform(multi_.get(), &running);
    if (body_.empty() && running > 0) {
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(step_wait.count()), nullptr);
      curl_multi_perform(multi_.get(), &running);
    }
    int more = 0;
    while (auto const* message = curl_multi_info_read(multi_.get(), &more)) {
      if (message->msg != CURLMSG_DONE) continue;
      over_ = true;
      result_ = message->data.result;
    }
    return std::move(body_);
  }

  [[nodiscard]] Head const& head() const { return head_; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool complete() const { return over_ && result_ == CURLE_OK; }
  [[nodiscard]] std::string why() const { return error_[0] != '\0' ? error_ : curl_easy_strerror(result_); }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    auto const status = curl_easy_setopt(easy_.get(), option, value);
    if (status != CURLE_OK) throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(status));
  }

  static std::size_t on_body(char const* bytes, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->body_.append(bytes, size);
    return size;
  }
  static std::size_t on_header(char const* bytes, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->header({bytes, size});
    return size;
  }

  void header(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
      head_ = {};
      curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &head_.status);
      return;
    }
    auto const colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    auto const start = line.find_first_not_of(' ', colon + 1);
    std::string const value(start == std::string_view::npos ? "" : line.substr(start));
    if (name == "etag") head_.version.etag = value;
    if (name == "last-modified") head_.version.modified = value;
    if (name == "content-length" && head_.status == 200) std::sscanf(value.c_str(), "%" SCNd64, &head_.whole);
    if (name == "content-range") {  // bytes 500-999/1000, bytes 500-999/*, bytes */1000
      std::sscanf(value.c_str(), "bytes %" SCNu64, &head_.first);
      auto const slash = value.find('/');
      if (slash != std::string::npos) std::sscanf(value.c_str() + slash + 1, "%" SCNd64, &head_.whole);
    }
  }

  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_{nullptr, curl_slist_free_all};
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  Head head_;
  std::string body_;
  bool over_ = false;
  CURLcode result_ = CURLE_OK;
  char error_[CURL_ERROR_SIZE] = {};
};

// FNV-1a: enough to tell whether a server without versions sent the same bytes again.
struct Checksum {
  std::uint64_t value = 0xcbf29ce484222325;
  void add(std::string_view bytes) {
    for (auto const byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
};

class Fetch : public godwit::Job {
 public:
  void parameters(godwit::Parameters& p) override {
    p("url", url_, "page to fetch: http://… or https://…");
    p("output", output_path_, "file for it");
    p("retries", retries_, std::int64_t{8}, "tries in a row that may bring nothing before the job fails");
    p("retry_ms", retry_ms_, std::int64_t{200}, "milliseconds before the first of them; doubled with each");
    p("patience_s", patience_s_, std::int64_t{30},
      "seconds of silence after which a connection counts as dropped");
  }

  void describe(godwit::State& s) override {
    s.field("etag", version_.etag);
    s.field("modified", version_.modified);
    s.field("whole", whole_);
    s.field("checksum", written_.value);
    s.field("tries", tries_);
    s.output("output", output_, output_path_);
  }

  void start(godwit::Context&) override {}

  void suspend() override { transfer_.reset(); }  // no server waits for a job that sleeps

  godwit::Step step(godwit::Context& c) override {
    if (!transfer_) begin();
    auto const bytes = transfer_->receive();
    if (!bytes.empty() || transfer_->complete()) {
      if (!judged_) {
        judged_ = true;
        if (auto verdict = judge(transfer_->head())) return *verdict;
      }
      if (!take(bytes)) return changed();
      c.progress(output_.offset(), whole_ > 0 ? static_cast<std::uint64_t>(whole_) : 0, "bytes");
    }
    if (!transfer_->over()) return godwit::Step::more();
    if (!transfer_->complete()) return again(transfer_->why());
    if (skip_ > 0) return changed();  // the page is shorter than what the file holds
    if (whole_ < 0 || static_cast<std::int64_t>(output_.offset()) == whole_) return godwit::Step::done();
    return again("the server sent less than it had announced");
  }

  void methods(godwit::Methods& m) override {
    m.on("fetched", "bytes so far", [this] { return output_.offset(); });
  }

 private:
  void begin() {
    static bool const ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ready) throw std::runtime_error("libcurl can't be initialised");
    std::signal(SIGPIPE, SIG_IGN);
    transfer_ = std::make_unique<Transfer>(url_, output_.offset(), version_, patience_s_);
    judged_ = false;
    skip_ = 0;
    skipped_ = {};
  }

  // The head of an answer: is it the page, and from where? What to do instead, if its body can't be taken.
  std::optional<godwit::Step> judge(Head const& head) {
    auto const here = output_.offset();
    if (head.status == 416 &&
        head.whole == static_cast<std::int64_t>(here)) {  // nothing was missing any more
      whole_ = head.whole;
      return std::nullopt;
    }
    if (head.status != 200 && head.status != 206) {
      auto const why = "the server answers " + std::to_string(head.status);
      bool const passing = head.status >= 500 || head.status == 429 || head.status == 408;
      return passing ? again(why) : godwit::Step::failed(url_ + ": " + why);
    }
    if (here == 0) {  // whichever version it is
      version_ = head.version;
      whole_ = head.whole;
    }
    if (head.version.differs(version_) || (head.whole >= 0 && whole_ >= 0 && head.whole != whole_))
      return changed();
    if (head.whole >= 0) whole_ = head.whole;
    if (head.status == 200) skip_ = here;
    if (head.status == 206 && head.first != here)
      return again("the server sent another part than it was asked for");
    return std::nullopt;
  }

  // False if what is read past isn't what the file holds.
  bool take(std::string_view bytes) {
    auto const past = std::min<std::uint64_t>(skip_, bytes.size());
    if (past > 0) {
      skipped_.add(bytes.substr(0, past));
      skip_ -= past;
      if (skip_ == 0 && skipped_.value != written_.value) return false;
      bytes.remove_prefix(past);
    }
    if (bytes.empty() || transfer_->head().status == 416) return true;
    output_.write(bytes);
    written_.add(bytes);
    tries_ = 0;
    return true;
  }

  godwit::Step changed() {
    return godwit::Step::failed(url_ + " changed after " + std::to_string(output_.offset()) +
                                " bytes of it had been written to " + output_path_ +
                                ": submit the job again to fetch what is there now");
  }

  // Tried again later, and later each time; bytes that come in meanwhile start the count anew.
  godwit::Step again(std::string const& why) {
    transfer_.reset();
    if (tries_ >= retries_) {
      return godwit::Step::failed(url_ + ": " + why + "; given up after " + std::to_string(tries_ + 1) +
                                  " tries that brought nothing, at byte " + std::to_string(output_.offset()));
    }
    auto const delay = std::min<std::chrono::milliseconds>(
        std::chrono::milliseconds(retry_ms_) * (std::int64_t{1} << std::min<std::int64_t>(tries_, 20)),
        backoff_max);
    ++tries_;
    std::fprintf(stderr, "%s: %s, at byte %" PRIu64 "; trying again in %lld ms\n", url_.c_str(), why.c_str(),
                 output_.offset(), static_cast<long long>(delay.count()));
    return godwit::Step::again_in(delay);
  }

  std::string url_, output_path_;
  std::int64_t retries_ = 0, retry_ms_ = 0, patience_s_ = 0;

  Version version_;          // of the page that the file is a part of
  std::int64_t whole_ = -1;  // its bytes; -1: not told
  Checksum written_;         // of what the file holds
  std::int64_t tries_ = 0;   // in a row that brought nothing
  godwit::Output output_;

  std::unique_ptr<Transfer> transfer_;  // where the job runs now
  bool judged_ = false;                 // its head has been looked at
  std::uint64_t skip_ = 0;              // bytes of its body that the file holds already
  Checksum skipped_;
};

}  // namespace

GODWIT_JOB(Fetch, "fetch", 1)
GODWIT_STEPS_VARY  // a step takes what has come in within 10 ms
