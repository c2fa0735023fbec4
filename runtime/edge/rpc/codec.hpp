// Commands and answers as JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one object a line.
//
//   → {"jsonrpc":"2.0","id":3,"method":"migrate","params":{"job":"7","host":2}}
//   ← {"jsonrpc":"2.0","id":3,"result":{"kind":"acted","acts":[{"job":7,"what":"moved 1 → 2: …"}]}}
//   ← {"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"no job 7: …",
//                                      "data":{"reaction":"reject","code":"no_such_job"}}}
//
// Methods: submit jobs hosts show wait migrate checkpoint suspend resume cancel call types stop ping
// set_accounts shares explain drain, and authenticate {token, who}, which a TCP client sends first and which is answered like ping. Durations are
// nanoseconds (_ns), absent ranks null. Unknown params are refused; unknown members of a result are ignored,
// so that newer runtimes can say more. Batches and notifications are refused. Text that isn't UTF-8 is
// refused in a command, and shown with U+FFFD in an answer. Pure functions; nothing throws.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "message/command.hpp"

namespace godwit::rpc {

inline constexpr std::size_t line_bytes_max = std::size_t{16} << 20;

// For `--json` of the command line too.
[[nodiscard]] nlohmann::json to_json(Answer const& answer);
[[nodiscard]] nlohmann::json to_json(cmd::JobRow const& row);
[[nodiscard]] nlohmann::json to_json(cmd::HostRow const& row);
[[nodiscard]] nlohmann::json to_json(JobType const& type);
[[nodiscard]] nlohmann::json to_json(cmd::Act const& act);
[[nodiscard]] std::string to_line(nlohmann::json const& json);  // one line, without its newline

struct Authenticate {
  std::string token;
  std::string who;  // "anna@node3 (pid 4711)": for the log
};

// ---- the client's side

[[nodiscard]] Result<std::string> encode_request(std::int64_t id, Command const& command);
[[nodiscard]] std::string encode_request(std::int64_t id, Authenticate const& authenticate);

struct Response {
  std::optional<std::int64_t> id;  // none: the server couldn't read the request's
  Result<Answer> answer;           // a failure: the error, as it was sent
};
// Fails with data_lost "malformed" if the line is no response.
[[nodiscard]] Result<Response> decode_response(std::string_view line);

// ---- the server's side

struct Request {
  std::string id;  // as JSON text: a number, a string or null
  std::variant<Command, Authenticate> call;
};
struct BadRequest {
  std::string id;
  int code{0};  // of JSON-RPC
  Failure why;
};
[[nodiscard]] std::variant<Request, BadRequest> decode_request(std::string_view line);
[[nodiscard]] std::string encode_answer(std::string_view id, Answer const& answer);
[[nodiscard]] std::string encode_error(BadRequest const& bad);

}  // namespace godwit::rpc
