// Shows that clients and the control server speak with each other over real sockets, that strangers and
// broken clients get nowhere, and that none of them holds the loop up: the test plays the loop thread and
// answers commands from poll() while clients on other threads, or raw sockets, do their worst.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "edge/rpc/client.hpp"
#include "edge/rpc/codec.hpp"
#include "edge/rpc/server.hpp"
#include "edge/rpc/socket.hpp"
#include "edge/scratch.hpp"

namespace godwit::rpc {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class RpcControl : public ::testing::Test {
 protected:
  RpcControl() { open({}); }

  void open(ControlServer::Settings settings) {
    server_.reset();
    settings.store = scratch_.path();
    settings.term = Term{3};
    auto server = ControlServer::open(settings);
    ASSERT_TRUE(server) << server.failure().context;
    server_ = std::move(*server);
  }

  // As the loop does: waits on the descriptor, takes what came.
  std::vector<CommandReceived> next_commands() {
    auto const deadline = Steady::now() + 30s;
    while (Steady::now() < deadline) {
      pollfd waiting{server_->wait_fd(), POLLIN, 0};
      ::poll(&waiting, 1, 100);
      if (auto commands = server_->poll(); !commands.empty()) return commands;
    }
    ADD_FAILURE() << "no command came";
    return {};
  }
  // Answers every command until `done`.
  template <class Future>
  void answer_until(Future& done, Answer const& answer) {
    auto const deadline = Steady::now() + 30s;
    while (done.wait_for(1ms) != std::future_status::ready && Steady::now() < deadline) {
      for (auto const& command : server_->poll()) server_->answer(command.id, answer);
    }
    ASSERT_EQ(done.wait_for(0s), std::future_status::ready);
  }
  bool flushed_in_time() {
    for (auto const deadline = Steady::now() + 30s; Steady::now() < deadline;
         std::this_thread::sleep_for(1ms)) {
      if (server_->flushed()) return true;
    }
    return false;
  }
  // A well-behaved client is served: nothing else has gone wrong.
  void expect_service() {
    auto asking = std::async(std::launch::async, [this] {
      auto client = Client::connect(scratch_.path());
      return client ? client->ask(cmd::Ping{}) : Result<Answer>(client.failure());
    });
    answer_until(asking, cmd::Pong{Term{3}, 2});
    auto const answer = asking.get();
    ASSERT_TRUE(answer) << answer.failure().context;
    EXPECT_EQ(std::get<cmd::Pong>(*answer).hosts, 2);
  }

  UniqueFd raw_unix() { return std::move(*connect_unix(server_->access().unix_socket)); }
  UniqueFd raw_tcp() { return std::move(*connect_tcp("127.0.0.1", server_->access().port, 5s)); }
  static void say(UniqueFd const& socket, std::string const& text) {
    ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // The next line, or what came until the end.
  static std::string hear(UniqueFd const& socket) {
    std::string line;
    timeval patience{30, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char c = 0;
    while (::recv(socket.get(), &c, 1, 0) == 1 && c != '\n') line += c;
    return line;
  }
  static bool closed(UniqueFd const& socket) {
    timeval patience{30, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char c = 0;
    auto const got = ::recv(socket.get(), &c, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }
  static int error_code(std::string const& line) { return nlohmann::json::parse(line)["error"]["code"]; }
  // Makes clients on this machine take TCP.
  void hide_unix_socket() {
    auto access = *read_access(scratch_.path());
    access.unix_socket = "/nonexistent/godwit.sock";
    ASSERT_TRUE(write_access(scratch_.path(), access));
  }

  testing::Scratch scratch_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(RpcControl, AClientAsksAndIsAnswered) {
  auto asking = std::async(std::launch::async, [&] {
    auto client = Client::connect(scratch_.path());
    EXPECT_EQ(client->runtime().term, Term{3});
    EXPECT_EQ(client->runtime().pid, ::getpid());
    return client->ask(cmd::Migrate{"7", Rank{2}});
  });
  auto const commands = next_commands();
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(std::get<cmd::Migrate>(commands[0].command).host, Rank{2});
  EXPECT_NE(commands[0].who.find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos);
  server_->answer(commands[0].id, cmd::Acted{{{.job = JobId{7}, .what = "moved 1 → 2"}}});
  auto const answer = asking.get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<cmd::Acted>(*answer).acts[0].what, "moved 1 → 2");
  EXPECT_TRUE(flushed_in_time());
}

TEST_F(RpcControl, ARefusalReachesTheClientAsItsFailure) {
  auto asking = std::async(std::launch::async,
                           [&] { return Client::connect(scratch_.path())->ask(cmd::ShowJob{"9"}); });
  answer_until(asking, cmd::Refusal{reject("no_such_job", "no job 9")});
  auto const answer = asking.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.failure(), reject("no_such_job", "no job 9"));
  EXPECT_FALSE(is_unreachable(answer.failure()));
}

TEST_F(RpcControl, TcpWithTheTokenIsServed) {
  hide_unix_socket();
  auto asking =
      std::async(std::launch::async, [&] { return Client::connect(scratch_.path())->ask(cmd::Ping{}); });
  auto const commands = next_commands();
  EXPECT_NE(commands.at(0).who.find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos);
  server_->answer(commands[0].id, cmd::Pong{Term{3}, 4});
  ASSERT_TRUE(asking.get());
}

TEST_F(RpcControl, AWrongTokenIsRefused) {
  auto access = *read_access(scratch_.path());
  access.unix_socket = "/nonexistent/godwit.sock";
  access.token[0] = access.token[0] == '0' ? '1' : '0';
  ASSERT_TRUE(write_access(scratch_.path(), access));
  auto const client = Client::connect(scratch_.path());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.failure().code, "wrong_token");
  EXPECT_TRUE(server_->poll().empty());
}

TEST_F(RpcControl, TcpWithoutATokenIsRefused) {
  for (std::string const token : {"", "0", "zz"}) {
    auto const socket = raw_tcp();
    say(socket, encode_request(1, Authenticate{token, "x"}) + "\n");
    EXPECT_EQ(error_code(hear(socket)), -32000);
    EXPECT_TRUE(closed(socket));
  }
  auto const socket = raw_tcp();
  say(socket, *encode_request(1, cmd::Stop{}) + "\n" + *encode_request(2, cmd::Stop{}) + "\n");
  EXPECT_EQ(error_code(hear(socket)), -32000);
  EXPECT_TRUE(closed(socket));
  EXPECT_TRUE(server_->poll().empty()) << "a stranger's command came through";
}

TEST_F(RpcControl, AStrangerMayNotSendLongLines) {
  auto const socket = raw_tcp();
  say(socket, std::string(100'000, 'x'));
  EXPECT_EQ(error_code(hear(socket)), -32000);
  EXPECT_TRUE(closed(socket));
}

TEST_F(RpcControl, AStrangerWhoSaysNothingIsDropped) {
  open({.stall_patience = 100ms});
  auto const socket = raw_tcp();
  EXPECT_TRUE(closed(socket));
}

TEST_F(RpcControl, AccessFileAndSocketAreOursAloneAndGoWithTheServer) {
  struct stat status {};
  auto const path = access_path(scratch_.path());
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  auto const access = server_->access();
  EXPECT_EQ(access.token.size(), 64U);
  EXPECT_EQ(access.addresses.back(), "127.0.0.1");
  std::filesystem::path const socket = access.unix_socket;
  ASSERT_EQ(::stat(socket.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 077, 0U);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST_F(RpcControl, TheUsersRuntimeDirectoryIsUsedAndLeftAlone) {
  testing::Scratch const runtime;  // mkdtemp: private, as it must be
  auto const* const before = std::getenv("XDG_RUNTIME_DIR");
  std::string const kept = before == nullptr ? "" : before;
  ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
  open({});
  EXPECT_EQ(std::filesystem::path(server_->access().unix_socket).parent_path(), runtime.path());
  server_.reset();
  before == nullptr ? ::unsetenv("XDG_RUNTIME_DIR") : ::setenv("XDG_RUNTIME_DIR", kept.c_str(), 1);
  EXPECT_TRUE(std::filesystem::is_empty(runtime.path()));
}

TEST_F(RpcControl, ADeadRuntimesAccessFileSaysThatNobodyListens) {
  auto const access = server_->access();
  server_.reset();
  ASSERT_TRUE(write_access(scratch_.path(), access));
  auto const client = Client::connect(scratch_.path());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.failure().code, "unreachable");
  EXPECT_EQ(client.failure().context, "no runtime is listening for " + scratch_.path().string() +
                                          ": start one with 'godwit start --store " +
                                          scratch_.path().string() + "'");
  EXPECT_TRUE(is_unreachable(client.failure()));
}

TEST_F(RpcControl, NoAccessFileSaysThatNobodyListens) {
  testing::Scratch const empty;
  EXPECT_EQ(Client::connect(empty.path()).failure().code, "unreachable");
  std::ofstream(access_path(empty.path())) << "{\"version\":";
  EXPECT_EQ(Client::connect(empty.path()).failure().code, "malformed");
  std::ofstream(access_path(empty.path())) << R"({"version":1,"term":1})";
  EXPECT_EQ(Client::connect(empty.path()).failure().code, "malformed");
}

TEST_F(RpcControl, TheServersEndIsAnError) {
  auto asking =
      std::async(std::launch::async, [&] { return Client::connect(scratch_.path())->ask(cmd::Wait{}); });
  ASSERT_EQ(next_commands().size(), 1U);
  server_.reset();
  auto const answer = asking.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.failure().code, "connection_lost");
  EXPECT_TRUE(is_unreachable(answer.failure()));
}

TEST_F(RpcControl, PatienceEndsAndTheClientStaysUsable) {
  auto asking = std::async(std::launch::async, [&] {
    auto client = Client::connect(scratch_.path());
    EXPECT_EQ(client->ask(cmd::Wait{}, 20ms).failure().code, "no_answer");
    return client->ask(cmd::Ping{});
  });
  std::vector<CommandReceived> commands;
  while (commands.size() < 2) {
    for (auto& command : next_commands()) commands.push_back(std::move(command));
  }
  server_->answer(commands[0].id, cmd::Acted{});
  server_->answer(commands[1].id, cmd::Pong{Term{3}, 9});
  auto const answer = asking.get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<cmd::Pong>(*answer).hosts, 9) << "the late answer was taken for the next";
}

TEST_F(RpcControl, MalformedLinesAreAnsweredAndTheClientStays) {
  auto const socket = raw_unix();
  say(socket, "{nonsense\n");
  EXPECT_EQ(error_code(hear(socket)), -32700);
  say(socket, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"jump\"}\n");
  EXPECT_EQ(error_code(hear(socket)), -32601);
  say(socket, "{\"jsonrpc\":\"2.0\",\"id\":\"five\",\"method\":\"ping\"}\n");
  auto const commands = next_commands();
  server_->answer(commands.at(0).id, cmd::Pong{Term{3}, 1});
  EXPECT_EQ(nlohmann::json::parse(hear(socket))["id"], "five");
}

TEST_F(RpcControl, AnEndlessLineIsRefused) {
  auto const socket = raw_unix();
  std::string const piece(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) {
    if (::send(socket.get(), piece.data(), piece.size(), MSG_NOSIGNAL) <= 0) break;
  }
  EXPECT_EQ(error_code(hear(socket)), -32000);
  expect_service();
}

TEST_F(RpcControl, AnswersToAClientThatHasGoneAreDropped) {
  auto socket = raw_unix();
  say(socket, *encode_request(1, cmd::Ping{}) + "\n");
  auto const commands = next_commands();
  socket.reset();
  server_->answer(commands.at(0).id, cmd::Pong{});
  server_->answer(CommandId{999}, cmd::Pong{});
  EXPECT_TRUE(flushed_in_time());
  expect_service();
}

TEST_F(RpcControl, AClientThatDoesNotReadHoldsNobodyUp) {
  open({.stall_patience = 200ms});
  auto const sleeper = raw_unix();
  say(sleeper, *encode_request(1, cmd::ListJobs{}) + "\n");
  auto const commands = next_commands();
  cmd::Jobs many;
  many.rows.resize(20'000);
  server_->answer(commands.at(0).id, many);
  expect_service();
  EXPECT_TRUE(flushed_in_time()) << "its answer is given up in the end";
  expect_service();
}

TEST_F(RpcControl, AFloodOfCommandsIsTakenBitByBit) {
  auto const socket = raw_unix();
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += *encode_request(i, cmd::Ping{}) + "\n";
  say(socket, flood);
  std::size_t most = 0;
  for (int answered = 0; answered < 500;) {
    auto const commands = next_commands();
    ASSERT_FALSE(commands.empty());
    most = std::max(most, commands.size());
    for (auto const& command : commands) server_->answer(command.id, cmd::Pong{});
    answered += static_cast<int>(commands.size());
  }
  EXPECT_LE(most, 64U);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(nlohmann::json::parse(hear(socket))["id"], i);
}

TEST_F(RpcControl, ManyClientsAtOnceAndNotTooMany) {
  open({.clients_max = 8});
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < 8; ++i) sockets.push_back(raw_unix());
  for (auto const& socket : sockets) {  // answered, so surely admitted
    say(socket, "?\n");
    EXPECT_EQ(error_code(hear(socket)), -32700);
  }
  auto const refused = raw_unix();
  EXPECT_NE(hear(refused).find("too_many_clients"), std::string::npos);
  sockets.clear();
  auto const deadline = Steady::now() + 30s;
  for (;;) {  // the places are free again once the server has seen the others go
    auto const socket = raw_unix();
    say(socket, "?\n");
    if (hear(socket).find("parse_error") != std::string::npos) break;
    ASSERT_LT(Steady::now(), deadline);
  }
}

TEST_F(RpcControl, AnotherUserIsRefusedEvenIfTheDirectoryLetsHimIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  auto const path = server_->access().unix_socket;
  ::chmod(std::filesystem::path(path).parent_path().c_str(), 0755);
  ::chmod(path.c_str(), 0777);
  auto const child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    auto address = sockaddr_un{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    int const fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(3);
    char text[512]{};
    auto const got = ::recv(fd, text, sizeof text - 1, 0);
    ::_exit(got > 0 && std::string_view(text).find("not_yours") != std::string_view::npos ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(RpcControl, ListenHereOnly) {
  open({.listen = "127.0.0.1"});
  EXPECT_EQ(server_->access().addresses, std::vector<std::string>{"127.0.0.1"});
  hide_unix_socket();
  expect_service();
  auto const bad = ControlServer::open({.store = scratch_.path(), .listen = "example"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.failure().code, "bad_address");
}

}  // namespace
}  // namespace godwit::rpc
