// Transport: messages and image pages between ranks. Reliable and in order per (source, target) for
// messages; pages of a stream arrive whole or, if the peer dies, never. Loop thread only; nothing blocks.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit {

struct PagesSent {  // the target has taken them all; `digest` of the bytes in order
  Rank to;
  StreamId stream;
  Digest digest;
};
struct PagesReceived {
  Rank from;
  StreamId stream;
  Digest digest;
};
struct FrameReceived {
  Rank from;
  Bytes frame;
};
struct PeerDied {  // proven: its process has ended, and all capsules of it; silence is not proof
  Rank peer;
};

class TransportEvents {
 public:
  virtual void on(FrameReceived event) = 0;
  virtual void on(PagesSent event) = 0;
  virtual void on(PagesReceived event) = 0;
  virtual void on(PeerDied event) = 0;

 protected:
  ~TransportEvents() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Rank self() const = 0;
  [[nodiscard]] virtual int ranks() const = 0;

  // Takes the frame; keeps it alive until it is sent. To a dead peer: swallowed.
  virtual void send(Rank to, Bytes frame) = 0;
  // The memory stays put and unchanged until PagesSent / PagesReceived, or until drop() returns.
  // Both sides name the same stream and the same total of bytes; zero bytes are allowed.
  virtual void send_pages(Rank to, StreamId stream, std::vector<std::span<std::byte const>> pages) = 0;
  virtual void receive_pages(Rank from, StreamId stream, std::vector<std::span<std::byte>> pages) = 0;
  // Gives the streams to or from a dead peer up. Their memory must never be freed or reused after this:
  // MPI keeps the requests for ever. Returns true if memory is still referenced.
  virtual bool drop(Rank peer) = 0;

  // Progresses and reports. True if anything happened or is in flight (so: look again soon).
  virtual bool poll(TransportEvents& events) = 0;
};

}  // namespace godwit
