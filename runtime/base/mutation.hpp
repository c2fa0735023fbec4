// Mutation: a small defect that can be switched on in a test build, to see whether the tests find it (docs/testing.md,
// "Mutations"; scripts/mutation-check). Each is asked about in one place, where the real decision is made.
//
// In any other build mutated() is constexpr false, and nothing of this is left. In a test build
// (-DGODWIT_MUTATIONS=ON) tests/support/mutation_switch.cpp sets which one is present, before any test begins.
#pragma once

#include <cstdint>

// name, and what it does
#define GODWIT_MUTATION_LIST(X)                                                                            \
  /* custody */                                                                                            \
  X(thaw_after_commit, "a source withdraws from a move after its commit frame")                            \
  X(accept_of_any_epoch, "a source lets go on an Accepted of another epoch")                               \
  X(refuse_of_any_epoch, "a source thaws on a Refused of another epoch")                                   \
  X(skip_commit_digest, "a target runs what isn't what was sent")                                          \
  X(arrive_after_refusing, "a target that has refused takes the commit frame all the same")                \
  X(vote_twice, "a host votes for two candidates in one term")                                             \
  X(vote_while_leased, "a host votes although its promise to another lasts")                               \
  X(lead_a_minority, "an allocator acts while one host leases it")                                         \
  X(count_out_at_once, "who is lost has no say any more before that is durable")                           \
  X(claim_unchecked, "a candidate's votes aren't held against the ledger")                                 \
  X(deliver_twice, "what came by two routes is heard twice")                                               \
  X(deliver_out_of_order, "what has overtaken something is heard first")                                   \
  /* ledger */                                                                                             \
  X(grant_an_old_epoch, "a grant's epoch need not be newer")                                               \
  X(grant_what_runs, "a job that isn't waiting is granted")                                                \
  X(adopt_orphan_generation, "an image from before the grant joins the lineage")                           \
  X(adopt_void_generation, "an image of a target that took the job unseen joins the lineage")              \
  X(free_before_the_fence, "a lost host's jobs wait again at once")                                        \
  X(one_fence_for_two, "a job on its way between two lost hosts is free when one is fenced")               \
  X(never_hold, "hosts that die with a job aren't counted")                                                \
  X(keep_intent, "a move that ends leaves its intent open")                                                \
  X(keep_files, "a zombie may write to the files of its successor")                                        \
  /* policy */                                                                                             \
  X(overfill_hosts, "a job is placed where fewer cores are free than it takes")                            \
  X(raise_nobody, "who runs beyond its entitlement doesn't rise")                                          \
  X(sink_nobody, "who waits below its entitlement doesn't sink")                                           \
  X(unbounded_index, "an index rises without bound")                                                       \
  X(serve_the_highest, "the account with the highest key is served first")                                 \
  X(preempt_the_lowest, "who stands best is made to wait")                                                 \
  X(skip_the_quantum, "a job is made to wait before it has run its quantum")                               \
  X(reserve_nothing, "no host is ever kept for a large request")                                           \
  X(exceed_the_cap, "an account is given more than its cap")                                               \
  X(ignore_the_cost, "a job is moved for balance whatever that costs")                                     \
  X(balance_onto_the_full, "a job is moved for balance to a host without a core for it")                   \
  X(move_back_at_once, "a job that was moved for balance may be moved again at once")                      \
  /* allocator, node */                                                                                    \
  X(skip_fence, "a host that is given up counts as fenced at once")                                        \
  X(call_the_target_fenced, "a source is told that its target is fenced before it is")                     \
  X(stale_silence, "after it slept itself, the allocator takes silence for death")                         \
  X(renew_the_dead, "a host that was given up gets its lease renewed")                                     \
  X(grant_to_the_dead, "a dead host is granted jobs")                                                      \
  X(grant_before_old_leases, "a new world doesn't wait for the old one's leases")                          \
  X(forget_old_leases, "who takes over in a world gives out at once what hosts of a former one may still run")  \
  X(deaf_at_the_end, "an allocator that has said that the world ends isn't leased any more")               \
  X(believe_any_start, "a JobStarted of old is taken for news")                                            \
  X(believe_any_end, "a JobEnded of a former epoch ends the job")                                          \
  X(believe_any_accept, "an Accepted is believed whoever sends it")                                        \
  X(forget_the_refusal, "a target's Refused is forgotten when the source dies after it")                   \
  X(forget_the_departure, "a source's Departed is forgotten when the target dies after it")                \
  X(no_word_for_the_source, "a source whose target died after accepting isn't told to let go")             \
  X(crash_for_ever, "a job that crashes is always tried again")                                            \
  X(send_before_durable, "messages leave before what they rest on is durable")                             \
  X(renew_without_authority, "an allocator that nobody leases renews leases")                              \
  X(grant_before_holdings, "a new allocator grants to a host that hasn't said what it holds")              \
  X(claim_before_holdings, "a job gets its outputs before all hosts have said theirs")                     \
  X(grant_to_the_drained, "a host that is drained is granted jobs")                                        \
  X(forget_the_scores, "a new allocator doesn't know how the accounts stand")                              \
  X(forget_the_seals, "a new term's log doesn't say how much of the older ones counts")                    \
  X(miss_the_last_record, "a new allocator doesn't read the older logs to their end")                      \
  X(obey_those_who_probe, "a job goes to where two hosts would have it, room or not")                     \
  X(regrant_before_the_answers, "what a group had is given out before all its hosts have said what they have") \
  /* host */                                                                                               \
  X(thaw_at_the_old_epoch, "a job that stays keeps its epoch")                                             \
  X(leave_outputs_cut, "a job that stays goes on in outputs as a target that died left them")             \
  X(release_before_accepted, "a source lets go when the commit frame is sent")                             \
  X(run_while_leaving, "a job is thawed while its image leaves")                                           \
  X(obey_old_start, "a StartJob of an older epoch is obeyed")                                              \
  X(obey_old_arrival, "a PrepareArrival of an older epoch is obeyed")                                      \
  X(keep_the_superseded, "a copy that the job has overtaken isn't let go")                                 \
  X(cancel_the_committed, "a job is cancelled where it has been handed over")                              \
  X(begin_unclaimed, "a job opens its outputs before they are its own")                                    \
  X(keep_outdated_copies, "a copy stays of use although its job has run on elsewhere since")                \
  X(keep_any_copy, "a partner's copy counts although its digest differs")                                  \
  X(adopt_an_old_copy, "a job goes on from a copy that is older than its newest image")                    \
  X(adopt_unverified, "an image that doesn't verify is loaded")                                            \
  X(no_last_word, "a target isn't told that the job ended")                                                \
  X(forget_generations, "a job that moved counts its generations anew")                                    \
  X(quiesce_unsaved, "a job is let go at the end before its last image is durable")                        \
  X(park_unsaved, "a job is let go to wait before its image is durable")                                   \
  X(park_under_the_next, "a job that a former allocator wanted parked is let go under the next")           \
  X(obey_an_old_term, "a host obeys an allocator that another has taken over from")                        \
  X(start_what_has_started, "a job that has its outputs is started again when they are claimed again")     \
  X(begin_unleased, "jobs run before their host has a lease")                                              \
  X(renew_with_a_stale_answer, "a lease is renewed by the answer to an older heart-beat")                  \
  X(lease_from_the_answer, "a lease runs from when the answer came")                                       \
  X(obey_an_old_hand_on, "a host starts what a manager of a former group hands on")                       \
  X(obey_an_old_group, "a host is of a group whose end it has heard already")                             \
  X(believe_an_old_answer, "who agreed to an earlier question is given a job")                             \
  X(forget_reports, "a host doesn't say again what wasn't confirmed")                                     \
  X(report_a_failed_write, "a checkpoint that could not be written is reported")                           \
  X(reuse_a_failed_generation, "a generation whose write failed gives its number to the next")

namespace godwit {

#define GODWIT_MUTATION_NAME(name, what) name,
enum class Mutation : std::uint8_t { none, GODWIT_MUTATION_LIST(GODWIT_MUTATION_NAME) };
#undef GODWIT_MUTATION_NAME

#ifdef GODWIT_MUTATIONS
inline Mutation present_mutation = Mutation::none;
[[nodiscard]] inline bool mutated(Mutation mutation) { return mutation == present_mutation; }
#else
[[nodiscard]] constexpr bool mutated(Mutation) { return false; }
#endif

}  // namespace godwit
