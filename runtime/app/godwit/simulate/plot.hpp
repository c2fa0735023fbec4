// Pictures of how long accounts waited over time, a panel for each policy, drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

#include "app/godwit/simulate/report.hpp"

namespace godwit::cli {

// What gnuplot is told; `path` ends in .svg or .png.
[[nodiscard]] Result<std::string> plot_script(std::vector<Simulated> const& all, std::string const& path);
// Rejected, with what to install, where there is no gnuplot.
[[nodiscard]] Status plot(std::vector<Simulated> const& all, std::string const& path);

}  // namespace godwit::cli
