// One message of every kind, each field filled: for tests of the codec and whoever needs a message.
#pragma once

#include <vector>

#include "message/message.hpp"

namespace godwit::samples {

inline JobSpec spec() {
  JobSpec s;
  s.type = "heat";
  s.arguments = {{"rows", "64"}, {"output", "out.csv"}};
  s.name = "plate";
  s.account = "chem/anna";
  s.directory = "/home/anna";
  s.environment = {{"OMP_NUM_THREADS", "2"}};
  s.cores = 2;
  s.memory_bytes = 1 << 30;
  s.host = Rank{2};
  s.resources = {{"gpu", 1}};
  s.labels = {"bigmem", "avx512"};
  s.priority = -4;
  s.together = "ring";
  s.apart = "twins";
  s.checkpoint_every = 600s;
  s.checkpoint_auto = true;
  s.retention = {2, 10, 60s, 1 << 20};
  s.checkpoint_partner = true;
  s.checkpoint_compress = true;
  s.crash_limit = 5;
  s.host_loss_limit = 2;
  s.max_failed = 10;
  s.step_limit = 30s;
  s.time_limit = 3600s;
  s.stdout_path = "out/%{index}.txt";
  s.stderr_path = "err.txt";
  s.after = {{"sweep", JobId{3}, Dependency::Until::ended}};
  s.plugin_digest = "3f9c00000000beef";
  return s;
}

inline std::vector<Message> every_message() {
  auto const why = reject("no_safe_point", "no safe point for 31 s");
  msg::ImageName const image{Epoch{2}, Generation{4}, "jobs/7/checkpoints/2-4.h5"};
  Progress const progress{5, 10, "steps"};
  msg::JobReport const report{JobId{7}, Epoch{2}, 61440, progress, 1 << 20, 3ms, 1ms, 2ms};
  Outcome const outcome{Ending::crashed, "killed by signal 11 (SIGSEGV)", "last words", 99, 7s};
  Capabilities const has{4, 1ULL << 34, {{"gpu", {"0", "1"}}}, {"bigmem"}};
  return {
      msg::Hello{4711, "node3", 8, has},
      msg::Welcome{500ms, 10s, Instant{44}, true},
      msg::Heartbeat{Instant{123}, NodeLoad{1500, 3, 1250, 77, 9000, 4000, 12, 34}, {report, report}, Instant{44}},
      msg::HeartbeatSeen{Instant{123}, Instant{45}, false, {Rank{2}}, true, true, 3600s},
      msg::Poll{Instant{46}},
      msg::AskVote{Term{4}, Instant{47}, Rank{0}, true},
      msg::Vote{Term{4}, Instant{47}, true, why},
      msg::TermIs{Term{4}},
      msg::Holdings{{4711, "node3", 8, has}, {{JobId{7}, Epoch{2}, msg::Held::Phase::leaving, Epoch{3}}}, {{JobId{9}, Epoch{5}}}},
      msg::ReportsSeen{12},
      msg::StartJob{JobId{7}, Epoch{2}, spec(), {image, image}, JobId{6}, true, true, msg::CopyAt{Rank{3}, Epoch{1}}},
      msg::ClaimOutputs{JobId{7}, Epoch{2}, {"/home/anna/out.csv"}},
      msg::OutputsClaimed{JobId{7}, Epoch{2}, why},
      msg::JobStarted{JobId{7}, Epoch{2}, image, 61440, true, {why}, Rank{3}},
      msg::JobEnded{JobId{7}, Epoch{2}, outcome},
      msg::PrepareArrival{JobId{7}, Rank{1}, Epoch{2}, Epoch{3}, Epoch{4}, spec(), 1 << 20},
      msg::ArrivalReady{JobId{7}, Epoch{2}, Epoch{3}, Epoch{4}},
      msg::Round{JobId{7}, Epoch{3}, StreamId{12}, 1 << 20, {{0, 4096}, {8192, 4096}}},
      msg::Commit{JobId{7}, Epoch{3}, to_bytes("manifest"), Digest{77}, Generation{4}, 2, 8s, 9ms},
      msg::Accepted{JobId{7}, Epoch{3}, 61441, true, true},
      msg::Refused{JobId{7}, Epoch{2}, Epoch{3}, Epoch{4}, why, true},
      msg::Departed{JobId{7}, Epoch{3}, {1 << 20, 3ms, 2ms}},
      msg::Stayed{JobId{7}, Epoch{3}, Epoch{4}, why},
      msg::AbandonMove{JobId{7}, Epoch{3}, Epoch{4}, true, why, true},
      msg::CheckpointJob{RequestId{1}, JobId{7}, Epoch{2}},
      msg::SuspendJob{RequestId{2}, JobId{7}, Epoch{2}},
      msg::ResumeJob{RequestId{3}, JobId{7}, Epoch{2}},
      msg::CancelJob{RequestId{4}, JobId{7}, Epoch{2}},
      msg::ParkJob{RequestId{4}, JobId{7}, Epoch{2}},
      msg::CallJob{RequestId{5}, JobId{7}, Epoch{2}, "set_dt", {"0.1", "x"}},
      msg::OrderDone{RequestId{5}, JobId{7}, why, "42"},
      msg::Checkpointed{JobId{7}, Epoch{2}, image, {1 << 20, 3ms, 120ms}, RequestId{1}},
      msg::PruneJob{RequestId{1}, JobId{7}, {image}, {image, image}, {2, 10, 60s, 1 << 20}, true},
      msg::Pruned{RequestId{1}, JobId{7}, {image}, 1 << 20, 2 << 20, 3, why},
      msg::MoveWanted{JobId{7}, Epoch{2}, Rank{3}, true},
      msg::Probe{RequestId{9}, true},
      msg::ProbeAnswer{RequestId{9}, true},
      msg::ListHeld{RequestId{6}},
      msg::HeldJobs{RequestId{6},
                    {{JobId{7}, Epoch{2}, "heat", "plate", "running", 61440, progress, 1 << 20, 3ms}}},
      msg::Trouble{JobId{7}, why},
      msg::Quiesce{},
      msg::Quiesced{{{JobId{7}, why}}},
      msg::Leave{},
      msg::Parcel{Rank{3}, Rank{0}, Term{4}, true, msg::Parcel::Haste::soon, 7, 6, to_bytes("message")},
      msg::Managed{Rank{2}, 5, {Rank{2}, Rank{3}}, 250ms},
      msg::Regrouped{5, {{JobId{7}, Epoch{2}}}},
      msg::Recall{12},
      msg::GivenBack{{{JobId{7}, Epoch{2}}}},
      msg::HandOn{Term{4}, 5, {JobId{7}, Epoch{2}, spec(), {image}, JobId{6}, true, false}},
      msg::Room{Term{4}, 5, 2, 9},
      msg::PartnerIs{Rank{3}},
      msg::OfferCopy{JobId{7}, Epoch{2}, 1 << 20},
      msg::CopyAwaited{JobId{7}, Epoch{2}, why},
      msg::CopyRound{JobId{7}, Epoch{2}, true, 5, 4, StreamId{12}, 1 << 20, 1 << 30, {{0, 4096}, {8192, 4096}}},
      msg::CopySeal{JobId{7}, Epoch{2}, true, StreamId{12}, {to_bytes("manifest"), Generation{4}, 8s, 9ms}, Digest{77}},
      msg::CopyKept{JobId{7}, Epoch{2}, 5, why},
      msg::CopyHere{JobId{7}, Epoch{2}, true},
      msg::DropCopy{JobId{7}, Epoch{2}, true},
      msg::WantCopy{JobId{7}, Epoch{3}, Epoch{2}},
      msg::CopyRefused{JobId{7}, Epoch{3}, why},
  };
}

}  // namespace godwit::samples
