#include "app/godwit/simulate/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

namespace godwit::cli {
namespace {

constexpr std::size_t plot_spans{60};
constexpr std::size_t curves_max{6};  // lines in a panel that can be told apart
constexpr double room_for_key{1.3};   // above the highest curve
constexpr int gnuplot_missing{127};   // as shells say it

using Curve = std::vector<simulate::WaitPoint>;

std::string in_quotes(std::string const& text) {
  std::string all = "'";
  for (char const c : text) all += c == '\'' ? "''" : std::string(1, c);
  return all + "'";
}

// By account, in the order of their use under the first policy, so that a colour is one account in all
// panels.
std::vector<std::pair<std::string, Curve>> curves_of(Simulated const& one) {
  std::vector<std::pair<std::string, Curve>> curves;
  for (auto const& point : simulate::waits_over_time(one.outcome, plot_spans, curves_max)) {
    if (curves.empty() || curves.back().first != point.account) curves.emplace_back(point.account, Curve{});
    curves.back().second.push_back(point);
  }
  return curves;
}

std::string panel(Simulated const& one, std::map<std::string, int>& colours) {
  std::string plots, data;
  for (auto const& [account, curve] : curves_of(one)) {
    auto const colour = colours.try_emplace(account, static_cast<int>(colours.size()) + 1).first->second;
    plots += fmt::format("{} '-' using ($1/3600):($2/60) with lines linewidth 2 linetype {} title {}",
                         plots.empty() ? "plot" : ",", colour, in_quotes(account));
    for (auto const& point : curve) data += fmt::format("{:.1f} {:.3f}\n", point.time_s, point.mean_wait_s);
    data += "e\n";
  }
  return plots.empty() ? plots
                       : fmt::format("set title {}\n{}\n{}", in_quotes(one.figures.policy), plots, data);
}

// Of all panels, so that they can be compared.
double highest_wait_s(std::vector<Simulated> const& all) {
  double highest = 1;
  for (auto const& one : all) {
    for (auto const& [account, curve] : curves_of(one)) {
      for (auto const& point : curve) highest = std::max(highest, point.mean_wait_s);
    }
  }
  return highest;
}

}  // namespace

Result<std::string> plot_script(std::vector<Simulated> const& all, std::string const& path) {
  auto const kind = std::filesystem::path(path).extension();
  if (kind != ".svg" && kind != ".png") return reject("usage", fmt::format("{} isn't a .svg or .png", path));
  auto const columns = all.size() == 4 ? 2 : std::min<std::size_t>(all.size(), 3);
  auto const rows = (all.size() + columns - 1) / columns;
  auto const width = 60 + 340 * columns, height = 40 + 300 * rows;
  std::map<std::string, int> colours;
  auto script = fmt::format(
      "set terminal {} size {},{} {}\nset output {}\n", kind == ".svg" ? "svg" : "png", width, height,
      kind == ".svg" ? "dynamic background 'white' font 'sans-serif,12'" : "", in_quotes(path));
  script += fmt::format(
      "set multiplot layout {},{}\nset encoding utf8\nset grid linecolor '#dddddd'\nset key noenhanced top "
      "center horizontal\nset "
      "title noenhanced\n"
      "set yrange [0:{:.3f}]\nset xlabel 'came after, hours'\nset ylabel 'waited, minutes'\n",
      rows, columns, highest_wait_s(all) * room_for_key / 60);
  for (auto const& one : all) script += panel(one, colours);
  return script + "unset multiplot\n";
}

Status plot(std::vector<Simulated> const& all, std::string const& path) {
  auto const script = plot_script(all, path);
  if (!script) return script.failure();
  auto* const before = std::signal(SIGPIPE, SIG_IGN);  // it may not be there to read
  auto* const gnuplot = ::popen("gnuplot", "w");
  auto status = -1;
  if (gnuplot != nullptr) {
    std::fwrite(script->data(), 1, script->size(), gnuplot);
    status = ::pclose(gnuplot);
  }
  std::signal(SIGPIPE, before);
  if (status == 0) return Done{};
  if (WIFEXITED(status) && WEXITSTATUS(status) == gnuplot_missing) {
    return reject("no_gnuplot",
                  "plots are drawn by gnuplot, which isn't there: install the package gnuplot-nox");
  }
  return reject("plot_failed", fmt::format("gnuplot couldn't draw {}", path));
}

}  // namespace godwit::cli
