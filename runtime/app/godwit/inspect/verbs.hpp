// The verbs of `godwit inspect`, each a function of what was asked for that returns its exit code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/godwit/inspect/difference.hpp"
#include "app/godwit/inspect/inspect.hpp"
#include "app/godwit/inspect/values.hpp"
#include "base/result.hpp"

namespace godwit::inspect {

struct Asked {
  std::filesystem::path store;
  bool json{false};
};

struct ExportOptions {
  std::string target;
  std::string field;
  std::string output;  // "": a name made up for HDF5, else stdout; "-": stdout
  std::string format;  // "": by what is exported
  bool whole{false};   // with what lies in other files
};

struct DiffOptions {
  std::string a, b;
  Tolerance tolerance;
};

int list(Asked const& asked, std::string const& job);  // "": all jobs
int show(Asked const& asked, std::string const& target);
int verify(Asked const& asked, std::vector<std::string> const& targets);  // none: all in the store
int verify_all(Asked const& asked);  // a line for each that fails, and a summary
int diff(Asked const& asked, DiffOptions const& options);
int export_checkpoint(Asked const& asked, ExportOptions const& options);

// Says why on stderr, and as JSON on stdout where that was asked for; returns exit_unreadable.
int complain(Asked const& asked, Failure const& failure);
// The same failure, naming the file.
[[nodiscard]] Failure in_file(Failure failure, std::filesystem::path const& path);
void print_json(Json const& document);

}  // namespace godwit::inspect
