// Control: users' commands and the answers to them.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "message/command.hpp"

namespace godwit {

struct CommandReceived {
  CommandId id;
  std::string who;  // "anna@node3 (pid 4711)"
  Command command;
};

class Control {
 public:
  virtual ~Control() = default;
  virtual std::vector<CommandReceived> poll() = 0;
  virtual void answer(CommandId id, Answer answer) = 0;  // to a client that has gone: dropped
  [[nodiscard]] virtual bool flushed() const = 0;        // every answer has left
};

// Catalogue: job types by name, found among the plugins at run time.
struct TypesFound {
  RequestId request;
  Result<std::vector<JobType>> types;  // the one asked for, or all
};
class Catalogue {
 public:
  virtual ~Catalogue() = default;
  // Empty: all. "TYPE@DIGEST": that very build of it, which a job had been submitted with.
  virtual void find(RequestId request, std::string type) = 0;
  virtual std::vector<TypesFound> poll() = 0;
};

}  // namespace godwit
