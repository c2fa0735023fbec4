#include "edge/rpc/codec.hpp"

#include <array>

#include "edge/rpc/fields.hpp"

namespace godwit::rpc {
namespace {

// By index in Command.
constexpr std::array<char const*, std::variant_size_v<Command>> methods{
    "submit",     "jobs",    "count",  "held",   "hosts", "show",  "wait", "migrate", "clone",
    "checkpoint", "suspend", "resume", "cancel", "call",  "types", "stop", "ping",
    "set_accounts", "shares", "explain", "drain", "retry", "restart", "prune"};
// By index in Answer; Refusal travels as an error instead.
constexpr std::array<char const*, std::variant_size_v<Answer>> kinds{
    "submitted", "jobs", "counts", "held", "hosts", "types", "pong", "acted", "stopped", "refusal",
    "accounts_set", "shares", "explained", "drained"};
constexpr std::array<int, 4> code_of_reaction{-32001, -32002, -32003, -32004};
constexpr int code_parse = -32700, code_request = -32600, code_method = -32601, code_params = -32602;
constexpr int depth_max = 32;

// Deep nesting costs a hundred times its bytes once parsed: refused before.
bool is_too_deep(std::string_view line) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char const c = line[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

std::optional<Json> parse(std::string_view line) {
  if (is_too_deep(line)) return std::nullopt;
  auto json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

template <class V, std::size_t... I>
void emplace_index(V& variant, std::size_t index, std::index_sequence<I...>) {
  ((I == index ? void(variant.template emplace<I>()) : void()), ...);
}
template <class V>
V make_alternative(std::size_t index) {
  V variant;
  emplace_index(variant, index, std::make_index_sequence<std::variant_size_v<V>>());
  return variant;
}
template <class V>
void read_alternative(JsonReader& reader, Json const& json, std::string const& path, V& variant) {
  std::visit([&](auto& held) { reader.read(json, path, held); }, variant);
}
template <std::size_t N>
std::optional<std::size_t> index_in(std::array<char const*, N> const& words, std::string_view word) {
  auto const found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

Json envelope(Json id) {
  return {{"jsonrpc", "2.0"}, {"id", std::move(id)}};
}
Json parse_id(std::string_view id) {
  auto json = Json::parse(id, nullptr, false);
  return json.is_discarded() ? Json() : json;
}
Json error_of(int code, Failure const& why) {
  return {{"code", code},
          {"message", why.context},
          {"data", {{"reaction", Spelling<Reaction>::name(why.reaction)}, {"code", why.code}}}};
}
BadRequest bad(std::string id, int code, std::string name, std::string context) {
  return {std::move(id), code, reject(std::move(name), std::move(context))};
}

Failure failure_from(Json const& error) {
  Failure failure = peer_lost("malformed", "the runtime answered with an error that can't be read");
  if (!error.is_object()) return failure;
  if (auto const at = error.find("message"); at != error.end() && at->is_string()) failure.context = *at;
  if (auto const data = error.find("data"); data != error.end() && data->is_object()) {
    std::string fault;
    JsonReader reader(fault, false);
    if (data->contains("reaction")) reader.read((*data)["reaction"], "reaction", failure.reaction);
    if (data->contains("code")) reader.read((*data)["code"], "code", failure.code);
  }
  return failure;
}

Result<Answer> answer_from(Json const& result) {
  if (!result.is_object()) return data_lost("malformed", "the runtime's answer is no object");
  auto const kind = result.value("kind", Json());
  auto const index = kind.is_string() ? index_in(kinds, kind.get_ref<std::string const&>()) : std::nullopt;
  if (!index) return data_lost("malformed", "the runtime's answer is of an unknown kind");
  auto answer = make_alternative<Answer>(*index);
  std::string fault;
  JsonReader reader(fault, false);
  read_alternative(reader, result, "result", answer);
  if (!fault.empty()) return data_lost("malformed", "the runtime's answer can't be read: " + fault);
  return answer;
}

}  // namespace

std::string to_line(Json const& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
Json to_json(Answer const& answer) {
  auto json = std::visit([](auto const& held) { return JsonWriter::write(held); }, answer);
  json["kind"] = kinds[answer.index()];
  return json;
}
Json to_json(cmd::JobRow const& row) {
  return JsonWriter::write(row);
}
Json to_json(cmd::HostRow const& row) {
  return JsonWriter::write(row);
}
Json to_json(JobType const& type) {
  return JsonWriter::write(type);
}
Json to_json(cmd::Act const& act) {
  return JsonWriter::write(act);
}

Result<std::string> encode_request(std::int64_t id, Command const& command) {
  auto json = envelope(id);
  json["method"] = methods[command.index()];
  json["params"] = std::visit([](auto const& held) { return JsonWriter::write(held); }, command);
  std::string line;
  try {
    line = json.dump();
  } catch (Json::type_error const&) {
    return reject("not_utf8", "names, arguments and paths must be UTF-8: one of this command isn't");
  }
  if (line.size() >= line_bytes_max) {
    return reject("too_long", "the command is longer than 16 MiB: submit fewer jobs at once");
  }
  return line;
}

std::string encode_request(std::int64_t id, Authenticate const& authenticate) {
  auto json = envelope(id);
  json["method"] = "authenticate";
  json["params"] = JsonWriter::write(authenticate);
  return to_line(json);
}

Result<Response> decode_response(std::string_view line) {
  auto const json = parse(line);
  if (!json || !json->is_object()) return data_lost("malformed", "the runtime's answer is no JSON object");
  Response response{std::nullopt, Answer{}};
  if (auto const id = json->find("id"); id != json->end() && id->is_number_integer()) {
    response.id = id->get<std::int64_t>();
  }
  if (auto const error = json->find("error"); error != json->end()) {
    response.answer = failure_from(*error);
  } else if (auto const result = json->find("result"); result != json->end()) {
    response.answer = answer_from(*result);
  } else {
    return data_lost("malformed", "the runtime's answer has neither result nor error");
  }
  return response;
}

std::variant<Request, BadRequest> decode_request(std::string_view line) {
  auto const json = parse(line);
  if (!json) return bad("null", code_parse, "parse_error", "this line is no JSON");
  if (!json->is_object()) {
    return bad("null", code_request, "invalid_request", "a request is one JSON object a line; no batches");
  }
  auto const at = json->find("id");
  if (at == json->end() || !(at->is_number_integer() || at->is_string() || at->is_null())) {
    return bad("null", code_request, "invalid_request", "id: an integer or a text was expected");
  }
  auto const id = to_line(*at);
  if (json->value("jsonrpc", Json()) != "2.0") {
    return bad(id, code_request, "invalid_request", "jsonrpc: \"2.0\" was expected");
  }
  auto const method = json->value("method", Json());
  if (!method.is_string()) return bad(id, code_request, "invalid_request", "method: a text was expected");
  auto const params = json->value("params", Json::object());

  std::string fault;
  JsonReader reader(fault, true);
  Request request{id, Authenticate{}};
  if (method == "authenticate") {
    reader.read(params, "params", std::get<Authenticate>(request.call));
  } else if (auto const index = index_in(methods, method.get_ref<std::string const&>())) {
    auto command = make_alternative<Command>(*index);
    read_alternative(reader, params, "params", command);
    request.call = std::move(command);
  } else {
    return bad(id, code_method, "no_such_method",
               "no method '" + method.get<std::string>() + "' in this runtime");
  }
  if (!fault.empty()) return bad(id, code_params, "invalid_params", fault);
  return request;
}

std::string encode_answer(std::string_view id, Answer const& answer) {
  auto json = envelope(parse_id(id));
  if (auto const* refusal = std::get_if<cmd::Refusal>(&answer)) {
    auto const reaction = static_cast<std::size_t>(refusal->why.reaction);
    json["error"] = error_of(code_of_reaction.at(reaction % code_of_reaction.size()), refusal->why);
  } else {
    json["result"] = to_json(answer);
  }
  return to_line(json);
}
std::string encode_error(BadRequest const& bad_request) {
  auto json = envelope(parse_id(bad_request.id));
  json["error"] = error_of(bad_request.code, bad_request.why);
  return to_line(json);
}

}  // namespace godwit::rpc
