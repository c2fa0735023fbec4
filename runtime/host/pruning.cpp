// Generations that needn't be kept: which, the allocator says and the store finds out; who asked hears what is gone.
#include <fmt/format.h>

#include "base/figures.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::PruneJob const& message) {
  auto const asked = message.request;
  auto const request = new_request();
  prunings.emplace(request, asked);
  auto order = message;
  order.request = request;
  emit(PruneImages{std::move(order)});
}

void Host::Core::on(stored::Pruned const& event) {
  auto const at = prunings.find(event.request);
  if (at == prunings.end()) return;
  auto answer = event.what;
  answer.request = at->second;
  prunings.erase(at);
  if (!answer.removed.empty() && !event.trial) {
    note(Level::info, answer.job, {},
         fmt::format("{} generations thrown away, {}; {} left, {}", answer.removed.size(), spell_bytes(answer.removed_bytes),
                     answer.left, spell_bytes(answer.left_bytes)));
  }
  tell(std::move(answer));
}

}  // namespace godwit::host
