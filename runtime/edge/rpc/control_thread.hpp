// ControlThread: the thread behind ControlServer. epoll over the listeners, the clients and a wake-up;
// commands leave and answers come by a mailbox under one mutex. Internal to this folder.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/capsules/link/unique_fd.hpp"
#include "edge/rpc/codec.hpp"
#include "edge/rpc/connection.hpp"
#include "port/control.hpp"

namespace godwit::rpc {

class ControlThread {
 public:
  struct Settings {
    UniqueFd unix_listener, tcp_listener;
    std::string token;
    Term term;
    int clients_max;
    Duration stall_patience;
  };
  static Result<std::unique_ptr<ControlThread>> start(Settings settings);
  ~ControlThread();  // closes all connections
  ControlThread(ControlThread const&) = delete;
  ControlThread& operator=(ControlThread const&) = delete;

  // The loop thread's side.
  [[nodiscard]] int wait_fd() const { return arrived_.get(); }
  std::vector<CommandReceived> take_commands();
  void give_answer(CommandId id, Answer answer);
  [[nodiscard]] bool flushed() const;

 private:
  using Clients = std::map<std::uint64_t, Connection>;
  struct Asked {
    std::uint64_t client;
    std::string id;  // of the request, as the client wrote it
  };

  explicit ControlThread(Settings settings) : settings_(std::move(settings)) {}
  void run();
  bool take_answers();  // false: to stop
  void accept_unix();
  void accept_tcp();
  void admit(UniqueFd socket, std::string who, bool authenticated);
  void serve(std::uint64_t client, std::uint32_t events);
  // Each returns false if the client is to be dropped.
  bool serve_lines(std::uint64_t client, Connection& connection);
  bool serve_line(std::uint64_t client, Connection& connection, std::string const& line);
  bool serve_authentication(Connection& connection, Request const& request);
  void settle(std::uint64_t client, bool alive);
  void drop(std::uint64_t client);
  void drop_stalled();
  void watch(std::uint64_t client, Connection& connection);

  Settings settings_;
  UniqueFd epoll_, wake_, arrived_;

  // The thread's own.
  Clients clients_;
  std::map<CommandId, Asked> asked_;
  std::uint64_t next_client_ = 16;  // smaller numbers mark the other descriptors in epoll
  CommandId next_command_{1};

  mutable std::mutex mutex_;
  std::vector<CommandReceived> received_;
  std::vector<std::pair<CommandId, Answer>> answers_;
  bool unsent_ = false;  // answers that are taken from the mailbox but haven't left yet
  bool stop_ = false;

  std::thread thread_;
};

}  // namespace godwit::rpc
