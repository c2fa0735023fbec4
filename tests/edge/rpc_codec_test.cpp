// Shows that every command and answer survives JSON unchanged, and that hostile lines are refused with
// the error JSON-RPC asks for. A round trip is compared by encoding again; the values are all different
// from the defaults, so a member that fields.hpp forgets or swaps shows up.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge/rpc/codec.hpp"

namespace godwit::rpc {
namespace {

JobSpec spec() {
  JobSpec s;
  s.type = "heat", s.arguments = {{"rows", "64"}, {"output", "a \"b\"\n\xC3\xA9"}}, s.name = "plate";
  s.account = "chem/anna", s.directory = "/tmp/x", s.environment = {{"K", "V"}}, s.cores = 3;
  s.memory_bytes = UINT64_MAX, s.host = Rank{2}, s.checkpoint_every = 90s, s.crash_limit = 9;
  s.plugin_digest = "3f9c", s.resources = {{"gpu", 1}}, s.labels = {"bigmem"}, s.priority = -4;
  s.together = "ring", s.apart = "twins";
  return s;
}
msg::ImageName image() {
  return {Epoch{5}, Generation{12}, "jobs/7/checkpoints/5-12.h5"};
}

std::vector<Command> all_commands() {
  return {cmd::Submit{{spec(), JobSpec{.type = "sleep"}}, true},
          cmd::Submit{{{spec(),
                        {{.name = "alpha", .values = {"0.1", "0.2"}, .argument = true},
                         {.name = "seed", .first = 3, .step = 2, .count = 100}}}},
                      true},
          cmd::ListJobs{"sweep@failed", true},
          cmd::Count{{"7_1-20", "plate"}},
          cmd::ListHeld{Rank{2}},
          cmd::Clone{"7", Rank{2}},
          cmd::ListHosts{},
          cmd::ShowJob{"last"},
          cmd::Wait{{"1", "plate"}},
          cmd::Migrate{"7", Rank{3}},
          cmd::Migrate{"7", std::nullopt},
          cmd::Checkpoint{"8"},
          cmd::Suspend{"9"},
          cmd::Resume{"10"},
          cmd::Cancel{"all"},
          cmd::Call{"7", "set_dt", {"0.5", ""}},
          cmd::ListTypes{"heat"},
          cmd::Stop{},
          cmd::Ping{},
          cmd::SetAccounts{{{"chem/anna", 3, {Rank{1}, Rank{2}}, 4}}},
          cmd::ListShares{},
          cmd::Explain{"7"},
          cmd::Drain{Rank{2}, true}};
}

std::vector<Answer> all_answers() {
  cmd::JobRow row{
      .job = JobId{7}, .spec = spec(), .state = JobState::stranded, .host = Rank{4}, .epoch = Epoch{6}};
  row.steps = 1ULL << 63, row.progress = {1, 2, "steps"}, row.newest_image = image(), row.moves = 3;
  row.crashes = 4, row.submitted = {1}, row.started = {2}, row.ended = {3};
  row.outcome = {Ending::crashed, "killed by signal 11 (SIGSEGV)", "tail\n", 99};
  row.images = {image()}, row.step_p50 = 5ns, row.step_p99 = 6ns;
  row.elements = cmd::JobCounts{1, 2, 3, 4, 5, 6, 7}, row.axes = {{.name = "seed", .count = 9}};
  cmd::HeldRow const held{JobId::of_element(7, 3), Epoch{2}, "heat", "plate", "running", 9,
                          {1, 2, "rows"},          10,       11ns};
  Capabilities const has{7, 1ULL << 34, {{"gpu", {"0", "1"}}}, {"bigmem"}};
  NodeLoad const load{1500, 3, 1200, 99, 1ULL << 35, 1ULL << 34, 120, std::nullopt};
  cmd::HostRow host{Rank{1}, 4711, "node3", "late", 8, has, 5, load, 6, true, true, Rank{2}, 5ms};
  cmd::ShareRow const share{"chem/anna", 3,          4500, 5000,      6,  -7,   8,
                            "0.25",      1ULL << 63, 9,    {Rank{1}}, 10, true, true};
  cmd::Explanation const told{JobId{7}, JobState::held, {"it is held"}, {{"host_losses", "3"}}, {{WallTime{5}, "made to wait"}}};
  JobType type{
      "heat",         2, "3f9c", "/p/heat.so", {{"rows", "grid rows", ParameterKind::integer, "512"}},
      {{"m", "h", 2}}};
  cmd::Act act{.job = JobId{7}, .failure = peer_lost("host_died", "host 3 died"), .what = "moved 1 → 3"};
  act.move = msg::MoveFigures{1, 2ns, 3ns}, act.checkpoint = msg::CheckpointFigures{4, 5ns, 6ns};
  act.image = image(), act.from = Rank{1}, act.to = Rank{3}, act.total = 8ns, act.answer = "42",
  act.clone = JobId{9};
  return {cmd::Submitted{{JobId{1}, JobId{2}}, {true, false}},
          cmd::Jobs{{row, {}}},
          cmd::Counts{{1, 2, 3, 4, 5, 6, 7}},
          cmd::Held{Rank{2}, {held, {}}},
          cmd::Hosts{{host}},
          cmd::Types{{type}},
          cmd::Pong{Term{3}, 4},
          cmd::Acted{{act, {}}},
          cmd::Stopped{5, {{JobId{6}, retry_later("no_space", "disk full")}}},
          cmd::AccountsSet{3},
          cmd::Shares{"up-down", "index", {share, {}}, "chem/anna's job 7"},
          cmd::Explained{{told, {}}, 2},
          cmd::Drained{Rank{2}, true, {JobId{7}}, {{JobId{6}, reject("nowhere", "no host fits")}}}};
}

BadRequest refused(std::string_view line) {
  auto decoded = decode_request(line);
  EXPECT_TRUE(std::holds_alternative<BadRequest>(decoded)) << line;
  auto* bad = std::get_if<BadRequest>(&decoded);
  return bad != nullptr ? *bad : BadRequest{};
}

TEST(RpcCodec, EveryCommandSurvives) {
  auto const commands = all_commands();
  for (auto const& command : commands) {
    auto const line = encode_request(17, command);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->find('\n'), std::string::npos);
    auto decoded = decode_request(*line);
    ASSERT_TRUE(std::holds_alternative<Request>(decoded))
        << *line << std::get<BadRequest>(decoded).why.context;
    auto const& request = std::get<Request>(decoded);
    EXPECT_EQ(request.id, "17");
    auto const& again = std::get<Command>(request.call);
    EXPECT_EQ(again.index(), command.index());
    EXPECT_EQ(*encode_request(17, again), *line);
  }
  auto decoded = decode_request(*encode_request(1, commands[0]));
  EXPECT_EQ(std::get<cmd::Submit>(std::get<Command>(std::get<Request>(decoded).call)).jobs[0],
            JobArray(spec()));
}

TEST(RpcCodec, EveryAnswerSurvives) {
  for (auto const& answer : all_answers()) {
    auto const line = encode_answer("17", answer);
    auto const response = decode_response(line);
    ASSERT_TRUE(response) << response.failure().context;
    EXPECT_EQ(response->id, 17);
    ASSERT_TRUE(response->answer) << line << response->answer.failure().context;
    EXPECT_EQ(response->answer->index(), answer.index());
    EXPECT_EQ(encode_answer("17", *response->answer), line);
  }
}

TEST(RpcCodec, ARefusalIsAnErrorWithItsReaction) {
  for (auto const& why : {reject("no_such_job", "no job 7"), retry_later("busy", "later"),
                          peer_lost("host_died", "gone"), data_lost("torn", "bad")}) {
    auto const response = decode_response(encode_answer("\"a\"", cmd::Refusal{why}));
    ASSERT_TRUE(response);
    ASSERT_FALSE(response->answer);
    EXPECT_EQ(response->answer.failure(), why);
  }
}

TEST(RpcCodec, LogTailsThatAreNotUtf8AreShownAsBestTheyCan) {
  cmd::JobRow row{.job = JobId{1}};
  row.outcome.log_tail = "caf\xE9";
  auto const response = decode_response(encode_answer("1", cmd::Jobs{{row}}));
  ASSERT_TRUE(response && response->answer);
  EXPECT_EQ(std::get<cmd::Jobs>(*response->answer).rows[0].outcome.log_tail, "caf\xEF\xBF\xBD");
}

TEST(RpcCodec, ACommandThatIsNotUtf8IsRefusedBeforeItLeaves) {
  auto const line = encode_request(1, cmd::ShowJob{"caf\xE9"});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.failure().code, "not_utf8");
}

TEST(RpcCodec, HostileLinesGetJsonRpcErrors) {
  EXPECT_EQ(refused("").code, -32700);
  EXPECT_EQ(refused("{").code, -32700);
  EXPECT_EQ(refused("\xff\xfe").code, -32700);
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"method":"ping"} trailing)").code, -32700);
  EXPECT_EQ(refused(std::string(1 << 20, '[')).code, -32700);
  EXPECT_EQ(refused("[]").code, -32600);
  EXPECT_EQ(refused("7").code, -32600);
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","method":"ping"})").code, -32600) << "a notification";
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":[1],"method":"ping"})").code, -32600);
  EXPECT_EQ(refused(R"({"jsonrpc":"1.0","id":1,"method":"ping"})").code, -32600);
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"method":7})").code, -32600);
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"method":"reboot"})").code, -32601);
}

TEST(RpcCodec, BadParamsAreNamedWithTheirPath) {
  auto const bad = [](std::string const& method, std::string const& params) {
    auto const error =
        refused(R"({"jsonrpc":"2.0","id":"x","method":")" + method + R"(","params":)" + params + "}");
    EXPECT_EQ(error.code, -32602) << params;
    EXPECT_EQ(error.id, "\"x\"");
    return error.why.context;
  };
  EXPECT_EQ(bad("show", "{}"), "params.job: missing");
  EXPECT_EQ(bad("show", R"({"job":7})"), "params.job: a text was expected");
  EXPECT_EQ(bad("show", R"({"job":"7","jab":1})"), "params.jab: not known here");
  EXPECT_EQ(bad("show", "[]"), "params: an object was expected");
  EXPECT_EQ(bad("ping", "null"), "params: an object was expected");
  EXPECT_EQ(bad("migrate", R"({"job":"7","host":-3})"),
            "params.host: a host is counted from 1; null means none");
  EXPECT_EQ(bad("migrate", R"({"job":"7","host":4294967297})"), "params.host: out of range");
  EXPECT_EQ(bad("migrate", R"({"job":"7","host":1.5})"), "params.host: an integer was expected");
  EXPECT_EQ(bad("submit", R"({"jobs":[{"spec":{"type":"a"}},{"spec":{"type":"b","cores":"2"}}]})"),
            "params.jobs[1].spec.cores: an integer was expected");
  EXPECT_EQ(bad("submit", R"({"jobs":[{"spec":{"type":"b","memory_bytes":-1}}]})"),
            "params.jobs[0].spec.memory_bytes: out of range");
  EXPECT_EQ(bad("submit", R"({"jobs":[{}]})"), "params.jobs[0].spec: missing");
  EXPECT_EQ(bad("submit", R"({"jobs":[{"spec":{}}]})"), "params.jobs[0].spec.type: missing");
}

TEST(RpcCodec, AnAnswerFromANewerRuntimeIsReadAsFarAsItIsKnown) {
  auto const response = decode_response(
      R"({"jsonrpc":"2.0","id":1,"result":{"kind":"pong","term":3,"hosts":2,"mood":"good"}})");
  ASSERT_TRUE(response && response->answer);
  EXPECT_EQ(std::get<cmd::Pong>(*response->answer).hosts, 2);
}

TEST(RpcCodec, AnswersThatCannotBeReadAreFailures) {
  EXPECT_FALSE(decode_response("nonsense"));
  EXPECT_FALSE(decode_response(R"({"jsonrpc":"2.0","id":1})"));
  for (auto const* result : {"7", "{}", R"({"kind":"party"})", R"({"kind":"pong","term":"x"})"}) {
    auto const response = decode_response(std::string(R"({"jsonrpc":"2.0","id":1,"result":)") + result + "}");
    ASSERT_TRUE(response) << result;
    EXPECT_FALSE(response->answer) << result;
  }
}

}  // namespace
}  // namespace godwit::rpc
