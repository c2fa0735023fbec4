// Lines on the control socket, read as a request and as a response. What is taken must be written and read again as the same,
// and what is refused must be told in a line that a client can read.
#include "fuzz/fuzz.hpp"

#include "edge/rpc/codec.hpp"

namespace godwit::rpc {
namespace {

void look_into(Command const& command) {
  auto const line = encode_request(1, command);
  if (!line) {
    fuzz::require(line.failure().code == "too_long", "a command that was read can't be written");
    return;
  }
  auto const again = decode_request(*line);
  auto const* const request = std::get_if<Request>(&again);
  auto const* const same = request != nullptr ? std::get_if<Command>(&request->call) : nullptr;
  fuzz::require(same != nullptr && same->index() == command.index(), "a command that was written can't be read");
  fuzz::require(*encode_request(1, *same) == *line, "a command was read as another");
  auto const* const submit = std::get_if<cmd::Submit>(&command);
  for (auto const& job : submit != nullptr ? submit->jobs : std::vector<JobArray>{}) {
    if (!check_array(job)) continue;
    (void)job.element(1);
    (void)job.element(static_cast<std::uint32_t>(job.size()));
  }
}

void read_as_request(std::string_view line) {
  auto const decoded = decode_request(line);
  if (auto const* const bad = std::get_if<BadRequest>(&decoded)) {
    fuzz::require(!bad->why.context.empty(), "a refusal without a reason");
    auto const told = decode_response(encode_error(*bad));
    fuzz::require(told.ok() && !told->answer.ok(), "a refusal that its client can't read");
    return;
  }
  auto const& request = std::get<Request>(decoded);
  auto const told = decode_response(encode_answer(request.id, cmd::Refusal{reject("no", "not here")}));
  fuzz::require(told.ok() && !told->answer.ok(), "an answer that its client can't read");
  if (auto const* const command = std::get_if<Command>(&request.call)) look_into(*command);
}

void read_as_response(std::string_view line) {
  auto const response = decode_response(line);
  if (!response || !response->answer) return;
  auto const written = encode_answer("1", *response->answer);
  auto const again = decode_response(written);
  fuzz::require(again.ok() && again->answer.ok() == !std::holds_alternative<cmd::Refusal>(*response->answer),
                "an answer that was written can't be read");
  if (again->answer) fuzz::require(encode_answer("1", *again->answer) == written, "an answer was read as another");
}

}  // namespace
}  // namespace godwit::rpc

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  godwit::fuzz::InputLimit const limit;
  auto const line = godwit::fuzz::text_of(data, size);
  godwit::rpc::read_as_request(line);
  godwit::rpc::read_as_response(line);
  return 0;
}
