// Scenes: a HostRig brought to where a test begins (a job that runs here, one that is about to leave
// or has just come), each step checked on the way.
#pragma once

#include "custody/commit.hpp"
#include "support/host_rig.hpp"

namespace godwit::test {

inline constexpr JobId job{7};
inline constexpr Epoch e1{1}, e2{2}, e3{3}, e4{4}, e5{5};
inline constexpr std::uint64_t arena_bytes = 8192;

inline JobSpec spec_of(Duration checkpoint_every = {}) {
  JobSpec spec;
  spec.type = "count";
  spec.name = "seven";
  spec.checkpoint_every = checkpoint_every;
  return spec;
}
inline msg::ImageName image_of(Epoch epoch, std::uint64_t generation) {
  return {epoch, Generation{generation}, checkpoint_path(job, epoch, Generation{generation})};
}
inline Bytes manifest_at(std::uint64_t steps) {
  return to_bytes("after step " + std::to_string(steps));
}

struct Scenes : HostRig {
  using HostRig::HostRig;

  // A job that has just started afresh.
  CapsuleId running(Epoch epoch = e1, JobSpec const& spec = spec_of()) {
    from_allocator(msg::StartJob{job, epoch, spec, {}});
    auto const order = did<host::PrepareCapsule>().order;
    EXPECT_EQ(order.job, job);
    EXPECT_EQ(order.arena_bytes, 0U);
    EXPECT_EQ(order.host, here);
    EXPECT_EQ(order.start_at, epoch);
    capsule(capsule::Prepared{order.capsule});
    capsule(capsule::Running{order.capsule, 0, false});
    auto const started = told_allocator<msg::JobStarted>();
    EXPECT_EQ(started.job, job);
    EXPECT_EQ(started.epoch, epoch);
    EXPECT_FALSE(started.from.has_value());
    nothing_else();
    return order.capsule;
  }

  // The target is ready: the host asks the capsule to freeze.
  void called_for(CapsuleId running, Epoch epoch = e1, Rank target = other) {
    from(target, msg::ArrivalReady{job, epoch, epoch.next(), epoch.next().next()});
    EXPECT_EQ(did<host::FreezeCapsule>().capsule, running);
    nothing_else();
  }

  // Frozen; the pages are on their way.
  void freezes(CapsuleId running, std::uint64_t steps = 40) {
    capsule(capsule::Frozen{running, now, manifest_at(steps), arena_bytes});
  }
  StreamId image_leaves(CapsuleId running, Epoch epoch = e1, Rank target = other) {
    auto const round = sent<msg::Round>(target);
    EXPECT_EQ(round.target_epoch, epoch.next());
    EXPECT_EQ(round.arena_bytes, arena_bytes);
    auto const pages = did<host::SendPages>();
    EXPECT_EQ(pages.capsule, running);
    EXPECT_EQ(pages.to, target);
    EXPECT_EQ(pages.stream, round.stream);
    EXPECT_EQ(pages.ranges.size(), round.ranges.size());
    return round.stream;
  }
  StreamId leaving(CapsuleId running, Epoch epoch = e1, Rank target = other) {
    called_for(running, epoch, target);
    freezes(running);
    auto const stream = image_leaves(running, epoch, target);
    nothing_else();
    return stream;
  }

  // The commit frame has been sent.
  msg::Commit commits(StreamId stream, Epoch epoch = e1, Rank target = other) {
    event(PagesSent{target, stream, Digest{5}});
    auto commit = sent<msg::Commit>(target);
    EXPECT_EQ(commit.target_epoch, epoch.next());
    EXPECT_EQ(commit.manifest, manifest_at(40));
    EXPECT_EQ(commit.digest, commit_digest(commit.manifest, epoch.next(), Digest{5}));
    nothing_else();
    return commit;
  }
  msg::Commit committed(CapsuleId running, Epoch epoch = e1, Rank target = other) {
    return commits(leaving(running, epoch, target), epoch, target);
  }

  void thaws(CapsuleId frozen, Epoch epoch, Others others = Others::none) {
    auto const thaw = did<host::ThawCapsule>();
    EXPECT_EQ(thaw.capsule, frozen);
    EXPECT_EQ(thaw.epoch, epoch);
    EXPECT_EQ(thaw.others, others);
  }
  void runs_again(CapsuleId thawed) { capsule(capsule::Running{thawed, 40, false}); }
  msg::Stayed stays(Epoch thaw_epoch) {
    auto stayed = told_allocator<msg::Stayed>();
    EXPECT_EQ(stayed.job, job);
    EXPECT_EQ(stayed.thaw_epoch, thaw_epoch);
    EXPECT_EQ(stayed.target_epoch.value, thaw_epoch.value - 1);
    return stayed;
  }

  // A job on its way here, its capsule being prepared.
  CapsuleId expected(Epoch target_epoch = e2, Rank source = other) {
    Epoch const epoch{target_epoch.value - 1};
    from_allocator(
        msg::PrepareArrival{job, source, epoch, target_epoch, target_epoch.next(), spec_of(), arena_bytes});
    auto const order = did<host::PrepareCapsule>().order;
    EXPECT_EQ(order.arena_bytes, arena_bytes);
    nothing_else();
    return order.capsule;
  }
  CapsuleId ready(Epoch target_epoch = e2, Rank source = other) {
    auto const coming = expected(target_epoch, source);
    capsule(capsule::Prepared{coming});
    auto const word = sent<msg::ArrivalReady>(source);
    EXPECT_EQ(word.epoch.value, target_epoch.value - 1);
    EXPECT_EQ(word.target_epoch, target_epoch);
    EXPECT_EQ(word.thaw_epoch, target_epoch.next());
    nothing_else();
    return coming;
  }
  void round_comes(CapsuleId coming, Epoch target_epoch = e2, Rank source = other) {
    from(source, msg::Round{job, target_epoch, StreamId{3}, arena_bytes, {{0, arena_bytes}}});
    auto const pages = did<host::ReceivePages>();
    EXPECT_EQ(pages.capsule, coming);
    EXPECT_EQ(pages.from, source);
    EXPECT_EQ(pages.stream, StreamId{3});
    EXPECT_EQ(pages.arena_bytes, arena_bytes);
  }
  void pages_come(Rank source = other) { event(PagesReceived{source, StreamId{3}, Digest{5}}); }
  void commit_comes(Epoch target_epoch = e2, Rank source = other, std::uint64_t generation = 0,
                    Digest pages = Digest{5}) {
    from(source, msg::Commit{job, target_epoch, manifest_at(40),
                             commit_digest(manifest_at(40), target_epoch, pages), Generation{generation}, 1});
  }
  void restores(CapsuleId coming, Epoch target_epoch = e2) {
    auto const restore = did<host::RestoreCapsule>();
    EXPECT_EQ(restore.capsule, coming);
    EXPECT_EQ(restore.epoch, target_epoch);
    EXPECT_EQ(restore.manifest, manifest_at(40));
  }
  void accepts(CapsuleId coming, Epoch target_epoch = e2, Rank source = other, bool suspended = false) {
    capsule(capsule::Running{coming, 40, suspended});
    for (auto const to : {source, allocator_rank}) {
      auto const accepted = sent<msg::Accepted>(to);
      EXPECT_EQ(accepted.target_epoch, target_epoch);
      EXPECT_EQ(accepted.steps, 40U);
      EXPECT_EQ(accepted.suspended, suspended);
    }
  }
  // The whole of an arrival.
  CapsuleId came(Epoch target_epoch = e2, Rank source = other, std::uint64_t generation = 0) {
    auto const coming = ready(target_epoch, source);
    round_comes(coming, target_epoch, source);
    pages_come(source);
    commit_comes(target_epoch, source, generation);
    restores(coming, target_epoch);
    accepts(coming, target_epoch, source);
    nothing_else();
    return coming;
  }
  Failure refuses(Epoch target_epoch = e2, Rank source = other) {
    auto const refused = sent<msg::Refused>(source);
    EXPECT_EQ(refused.target_epoch, target_epoch);
    EXPECT_EQ(told_allocator<msg::Refused>().why, refused.why);
    return refused.why;
  }
  void killed(CapsuleId capsule) { EXPECT_EQ(did<host::KillCapsule>().capsule, capsule); }
  void forgotten(CapsuleId capsule) { EXPECT_EQ(did<host::ForgetCapsule>().capsule, capsule); }
  void gone(CapsuleId capsule) {
    killed(capsule);
    forgotten(capsule);
  }

  // ---- checkpoints
  void asks_for_image(std::uint64_t request, Epoch epoch = e1) {
    from_allocator(msg::CheckpointJob{RequestId{request}, job, epoch});
  }
  // Frozen for a checkpoint; being staged.
  host::WriteCheckpoint image_is_taken(CapsuleId running, std::uint64_t steps = 40) {
    EXPECT_EQ(did<host::FreezeCapsule>().capsule, running);
    nothing_else();
    freezes(running, steps);
    return is_written(running, steps);
  }
  host::WriteCheckpoint is_written(CapsuleId running, std::uint64_t steps = 40) {
    auto write = did<host::WriteCheckpoint>();
    EXPECT_EQ(write.capsule, running);
    EXPECT_EQ(write.manifest, manifest_at(steps));
    EXPECT_EQ(write.arena_bytes, arena_bytes);
    return write;
  }
  void staged(host::WriteCheckpoint const& write) { store(stored::Staged{write.request}); }
  void written(host::WriteCheckpoint const& write) {
    auto const& label = write.label;
    store(stored::Written{write.request,
                          msg::ImageName{label.epoch, label.generation,
                                         checkpoint_path(label.job, label.epoch, label.generation)},
                          9000});
  }
  void not_written(host::WriteCheckpoint const& write) {
    store(stored::Written{write.request, retry_later("no_space", "the store is full"), 0});
  }
  msg::Checkpointed reports(Epoch epoch, std::uint64_t generation, std::optional<RequestId> request) {
    auto done = told_allocator<msg::Checkpointed>();
    EXPECT_EQ(done.epoch, epoch);
    EXPECT_EQ(done.image, image_of(epoch, generation));
    EXPECT_EQ(done.request, request);
    EXPECT_EQ(done.figures.bytes, 9000U);
    return done;
  }
};

}  // namespace godwit::test
