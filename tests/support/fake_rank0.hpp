// What rank 0 talks to beside the network: a journal whose appends become durable when the test says,
// users that give commands and keep the answers, and a catalogue that knows the types it is given.
// FakeLog and FakeGauge serve every rank.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/event.hpp"
#include "ledger/ledger.hpp"
#include "port/control.hpp"
#include "port/journal.hpp"
#include "port/world.hpp"

namespace godwit::test {

class FakeJournal final : public Journal {
 public:
  JournalPosition append(Bytes record) override {
    records.push_back(std::move(record));
    return records.size();
  }
  Result<JournalPosition> durable() override {
    if (broken) return data_lost("io", "the disk is gone");
    return durable_;
  }
  void sync() {
    if (!broken) durable_ = records.size();
  }
  void sync_one() {
    if (!broken && durable_ < records.size()) ++durable_;
  }
  [[nodiscard]] JournalPosition synced() const { return durable_; }

  std::vector<Bytes> records;
  bool broken{false};

 private:
  JournalPosition durable_{0};
};

class FakeControl final : public Control {
 public:
  CommandId give(Command command) {
    last_ = last_.next();
    given_.push_back({last_, "tester", std::move(command)});
    return last_;
  }
  std::vector<CommandReceived> poll() override { return std::exchange(given_, {}); }
  void answer(CommandId id, Answer answer) override { answers.emplace(id, std::move(answer)); }
  [[nodiscard]] bool flushed() const override { return flushed_; }
  void hold_answers(bool held) { flushed_ = !held; }

  std::map<CommandId, Answer> answers;

 private:
  CommandId last_{0};
  std::vector<CommandReceived> given_;
  bool flushed_{true};
};

class FakeCatalogue final : public Catalogue {
 public:
  void find(RequestId request, std::string type) override {
    TypesFound answer{request, std::vector<JobType>{}};
    for (auto const& known : types) {
      if (type.empty() || type == known.name) answer.types->push_back(known);
    }
    if (!type.empty() && answer.types->empty()) answer.types = reject("no_such_type", "no type " + type);
    found_.push_back(std::move(answer));
  }
  std::vector<TypesFound> poll() override { return std::exchange(found_, {}); }

  std::vector<JobType> types;

 private:
  std::vector<TypesFound> found_;
};

class FakeLog final : public Log {
 public:
  void write(Note const& note) override { notes.push_back(note); }
  [[nodiscard]] bool noted(std::string const& part) const {
    for (auto const& note : notes) {
      if (note.text.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::vector<Note> notes;
};

class FakeGauge final : public Gauge {
 public:
  [[nodiscard]] NodeLoad read() override { return load; }
  NodeLoad load;
};

// The catalogue's entry for FakeCapsules' counting job.
[[nodiscard]] inline JobType counting_type() {
  JobType type;
  type.name = "count";
  type.plugin_digest = "c0";
  type.parameters = {{"steps", "how many", ParameterKind::integer, "1000"},
                     {"cells", "arena cells of 8 bytes", ParameterKind::integer, "16"}};
  return type;
}

}  // namespace godwit::test
