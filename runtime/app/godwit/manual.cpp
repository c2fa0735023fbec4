#include "app/godwit/manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "app/godwit/invocation.hpp"
#include "app/workload/workload_keys.hpp"

namespace godwit::cli {
namespace {

constexpr char const* example_of_workload = R"(godwit: 1
defaults:
  memory: 2GiB
  checkpoint: {every: auto, keep: 2}
jobs:
  sweep:
    type: heat
    array: {r: [0.1, 0.2], seed: 1..100}
    args: {steps: 5000, output: "out/%{r}-%{seed}.csv"}
    max_failed: 10
  report:
    type: grep
    args: {pattern: "5000,", input: out/0.1-1.csv, output: report.txt}
    after: {sweep: finished}
)";

// The code point that begins here, of well-formed UTF-8; `bytes` is how many it has.
std::uint32_t code_point(std::string_view text, std::size_t& bytes) {
  auto const lead = static_cast<unsigned char>(text.front());
  bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  bytes = std::min(bytes, text.size());
  std::uint32_t point = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return point;
}

// Text in which nothing is taken for a request or a hyphenation; in ASCII.
std::string escaped(std::string_view text) {
  std::string all;
  bool line_begins = true;
  for (std::size_t i = 0, bytes = 1; i < text.size(); i += bytes) {
    char const c = text[i];
    bytes = 1;
    if (line_begins && (c == '.' || c == '\'')) all += "\\&";
    if (static_cast<unsigned char>(c) >= 0x80)
      all += fmt::format("\\[u{:04X}]", code_point(text.substr(i), bytes));
    else if (c == '\\')
      all += "\\e";
    else if (c == '-')
      all += "\\-";
    else
      all += c;
    line_begins = c == '\n';
  }
  return all;
}

std::string head(std::string const& name, int section, std::string const& description) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format(".TH {} {} \"\" \"godwit {}\" \"Godwit\"\n.SH NAME\n{} \\- {}\n", escaped(upper),
                     section, GODWIT_VERSION, escaped(name), escaped(description));
}

std::string synopsis(CLI::App const& app) {
  auto line = fmt::format(".B {}\n", escaped(path_of(app)));
  if (!verbs_of(app).empty()) line += ".I VERB\n";
  line += "[\\fIOPTIONS\\fR]";
  for (auto const* option : app.get_options()) {
    if (!option->get_positional() || option->get_group().empty()) continue;
    auto const name = escaped(option->get_name(true));
    auto const many = option->get_expected_max() > 1 ? " \\&..." : "";
    line += option->get_required() ? fmt::format(" \\fI{}\\fR{}", name, many)
                                   : fmt::format(" [\\fI{}\\fR{}]", name, many);
  }
  return ".SH SYNOPSIS\n" + line + "\n";
}

std::string options(CLI::App const& app) {
  std::string all;
  for (auto const* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    std::string name;
    if (option->get_positional()) {
      name = fmt::format("\\fI{}\\fR", escaped(option->get_name(true)));
    } else {
      std::string flags;
      for (auto const& each : option->get_snames()) flags += (flags.empty() ? "-" : ", -") + each;
      for (auto const& each : option->get_lnames()) flags += (flags.empty() ? "--" : ", --") + each;
      auto const kind = option->get_expected_max() > 0 ? option->get_type_name() : std::string();
      name = fmt::format("\\fB{}\\fR{}", escaped(flags),
                         kind.empty() ? "" : fmt::format(" \\fI{}\\fR", escaped(kind)));
    }
    all += fmt::format(".TP\n{}\n{}\n", name, escaped(option->get_description()));
  }
  return all.empty() ? all : ".SH OPTIONS\n" + all;
}

std::string verbs(CLI::App const& app) {
  std::string all;
  for (auto const* verb :
       app.get_subcommands([](CLI::App const* one) { return !one->get_group().empty(); })) {
    auto name = verb->get_name();
    for (auto const& alias : verb->get_aliases()) name += ", " + alias;
    all += fmt::format(".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(verb->get_description()));
  }
  return all.empty() ? all : ".SH VERBS\n" + all;
}

// The footer: remarks, and after "Example:" command lines up to an empty one.
std::string notes(CLI::App const& app) {
  auto const footer = app.get_footer();
  std::string const title = "Example:\n";
  auto const begin = footer.find(title);
  auto const text = [](std::string const& part) {
    auto const first = part.find_first_not_of('\n');
    return first == std::string::npos ? std::string()
                                      : part.substr(first, part.find_last_not_of('\n') - first + 1);
  };
  auto const example = begin == std::string::npos ? std::string() : footer.substr(begin + title.size());
  auto const end = std::min(example.find("\n\n"), example.size());
  std::string all;
  for (auto const& remark : {text(footer.substr(0, begin)), text(example.substr(end))}) {
    if (!remark.empty()) all += (all.empty() ? ".SH NOTES\n" : ".PP\n") + escaped(remark) + "\n";
  }
  if (!example.empty()) all += ".SH EXAMPLE\n.nf\n" + escaped(text(example.substr(0, end))) + "\n.fi\n";
  return all;
}

struct Section {
  char const* title;
  std::vector<WorkloadKey> const& keys;
};
std::vector<Section> sections() {
  return {{"The file", top_keys()},
          {"A job", own_keys()},
          {"A job, or the defaults", common_keys()},
          {"checkpoint", checkpoint_keys()},
          {"An account or a group", account_keys()},
          {"The values of an axis", axis_keys()}};
}

constexpr char const* about_workloads =
    "A workload file says in YAML which jobs there are. 'godwit run FILE' starts a runtime if need be, "
    "submits "
    "them, follows them to their end, and goes on with them when it is run again; 'godwit submit FILE' hands "
    "them "
    "to a runtime that is there. Paths count from the file's own directory.";

}  // namespace

std::string manual_of(CLI::App const& verb) {
  auto all = head(path_of(verb, "-"), 1, verb.get_description()) + synopsis(verb) + ".SH DESCRIPTION\n" +
             escaped(verb.get_description()) + ".\n" + verbs(verb) + options(verb) + notes(verb);
  all +=
      ".SH \"EXIT STATUS\"\n0 done, 1 refused or a job failed, 2 usage, 3 no runtime, 75 stopped early with "
      "every "
      "job checkpointed.\n";
  return all + ".SH \"SEE ALSO\"\n.BR godwit (1),\n.BR godwit\\-workload (5)\n";
}

std::string workload_manual() {
  auto all = head("godwit-workload", 5, "which jobs there are") + ".SH DESCRIPTION\n" +
             escaped(about_workloads) + "\n";
  for (auto const& section : sections()) {
    all += fmt::format(".SH \"KEYS: {}\"\n", escaped(section.title));
    for (auto const& key : section.keys) {
      all += fmt::format(".TP\n\\fB{}\\fR: \\fI{}\\fR\n{}\n", escaped(key.name), escaped(key.form),
                         escaped(key.help));
    }
  }
  return all + ".SH EXAMPLE\n.nf\n" + escaped(example_of_workload) +
         ".fi\n.SH \"SEE ALSO\"\n.BR godwit (1)\n";
}

std::string workload_help() {
  auto all = std::string(about_workloads) + "\n";
  for (auto const& section : sections()) {
    all += fmt::format("\n{}:\n", section.title);
    for (auto const& key : section.keys)
      all += fmt::format("  {}: {}\n      {}\n", key.name, key.form, key.help);
  }
  return all + "\nExample:\n" + example_of_workload;
}

}  // namespace godwit::cli
