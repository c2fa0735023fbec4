#include "edge/rpc/access.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "edge/posix/file.hpp"
#include "edge/rpc/fields.hpp"

namespace godwit::rpc {
namespace {

constexpr int access_version = 1;
constexpr std::size_t access_bytes_max = 1 << 20;

struct Tcp {
  std::vector<std::string> addresses;
  std::uint16_t port{0};
};
template <class V>
void fields(V& v, Tcp& t) {
  v.must("addresses", t.addresses), v.must("port", t.port);
}
// The file's shape.
struct Document {
  int version{access_version};
  Access access;
  Tcp tcp;
};
template <class V>
void fields(V& v, Document& d) {
  auto& a = d.access;
  v.must("version", d.version), v.must("term", a.term), v.must("node", a.node), v.must("pid", a.pid);
  v.must("boot_id", a.boot_id), v.must("unix", a.unix_socket), v.must("tcp", d.tcp), v.must("token", a.token);
}

}  // namespace

std::filesystem::path access_path(std::filesystem::path const& store) {
  return store / "access.json";
}

Result<Access> read_access(std::filesystem::path const& store) {
  auto const path = access_path(store);
  auto const text = read_file(path, access_bytes_max);
  if (!text) {
    auto const& failure = text.failure();
    return failure.code == "no_such_file" ? peer_lost("unreachable", failure.context) : failure;
  }
  auto const json = Json::parse(*text, nullptr, false);
  std::string fault;
  Document document;
  if (json.is_discarded()) {
    fault = "it is no JSON";
  } else {
    JsonReader reader(fault, false);
    reader.read(json, "access", document);
  }
  if (fault.empty() && document.version != access_version) {
    fault = fmt::format("its version is {}, this program knows {}", document.version, access_version);
  }
  if (!fault.empty())
    return data_lost("malformed", fmt::format("{} can't be read: {}", path.string(), fault));
  document.access.addresses = std::move(document.tcp.addresses);
  document.access.port = document.tcp.port;
  return document.access;
}

Status write_access(std::filesystem::path const& store, Access const& access) {
  Document document{access_version, access, {access.addresses, access.port}};
  auto const json = JsonWriter::write(document);
  return replace_file(access_path(store), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                      0600);
}

void remove_access(std::filesystem::path const& store, Access const& access) {
  auto const there = read_access(store);
  if (there && there->token == access.token) ::unlink(access_path(store).c_str());
}

}  // namespace godwit::rpc
