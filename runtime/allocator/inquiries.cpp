// What a host holds, as it says itself: the question goes to that host, and its answer to the user.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

void Allocator::Core::list_held(CommandId command, Rank host) {
  if (auto why = not_a_live_host(host)) return refuse(command, std::move(*why));
  auto const request = new_request();
  held_inquiries.emplace(request, HeldInquiry{command, host});
  send(host, msg::ListHeld{request});
}

void Allocator::Core::hear(Rank from, msg::HeldJobs const& message) {
  auto const at = held_inquiries.find(message.request);
  if (at == held_inquiries.end() || at->second.host != from) return;  // of a host that was given up meanwhile
  cmd::Held answer{from, {}};
  for (auto const& job : message.jobs) {
    answer.rows.push_back({job.job, job.epoch, job.type, job.name, job.state, job.steps, job.progress, job.arena_bytes,
                           job.step_age});
  }
  std::ranges::sort(answer.rows, {}, &cmd::HeldRow::job);
  auto const command = at->second.command;
  held_inquiries.erase(at);
  reply(command, std::move(answer));
}

void Allocator::Core::fail_inquiries_to(Rank host) {
  for (auto at = held_inquiries.begin(); at != held_inquiries.end();) {
    auto const [request, inquiry] = *at;
    if (inquiry.host != host) {
      ++at;
      continue;
    }
    at = held_inquiries.erase(at);
    refuse(inquiry.command, peer_lost("host_died", fmt::format("host {} died before it could answer", host)));
  }
}

}  // namespace godwit::allocator
