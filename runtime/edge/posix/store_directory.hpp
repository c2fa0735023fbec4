// StoreDirectory: the store's folders, made and found writable, and its lock on this node.
//
// The lock is a first guard only, against a second runtime on the same node: shared file systems can't
// be trusted with locks. The real ones are the exclusive creation of the term's log, and asking the
// runtime that access.json names. Start-up only: blocks on the store.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class StoreDirectory {
 public:
  // Makes the store and its folders if need be. Fails with "store X is not writable: …".
  static Result<StoreDirectory> make(std::filesystem::path const& path);
  // For the other ranks: is it there, and writable from this node as well? Waits a little for it to appear.
  static Status check(std::filesystem::path const& path);

  // Held until this object dies. reject "store_in_use" if another process of this node holds it.
  Status lock();

  [[nodiscard]] static std::filesystem::path ledger_of(std::filesystem::path const& store) { return store / "ledger"; }
  [[nodiscard]] std::filesystem::path ledger() const { return ledger_of(path_); }

 private:
  explicit StoreDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  UniqueFd lock_;
};

}  // namespace godwit
