// A store's ledger, read where no runtime is needed. It may be one that a runtime is writing: it isn't disturbed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ledger/ledger.hpp"

namespace godwit::cli {

// Every event that is remembered, oldest first. reject "no_store" if no runtime was ever started on it.
[[nodiscard]] Status read_events(std::filesystem::path const& store, std::function<void(LedgerEvent const&)> const& each);
[[nodiscard]] Result<Ledger> read_ledger(std::filesystem::path const& store);

// The single jobs, and those elements with a record of their own, that "7", "7_3", "plate" or "all" stands for.
[[nodiscard]] Result<std::vector<JobId>> find_jobs(Ledger const& ledger, std::string const& word);

}  // namespace godwit::cli
