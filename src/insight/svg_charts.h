#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// The text as HTML and SVG show it, in elements and in quoted attributes.
std::string EscapeHtml(std::string_view text);

// What a chart shows, for those who hear it. `id` names it in the page: letters, digits, hyphens.
struct ChartTitle {
  std::string id{};
  std::string title{};
  std::string description{};
};

// One line of a chart, one value per label. `style` is a class of the page: "s1", "s2", "s3".
struct ChartSeries {
  std::string name{};
  std::string style{};
  std::vector<double> values{};
};

// Lines over the same labels, from 0 up, with a legend. REQUIRES: at least one label
std::string LineChart(const ChartTitle& title, const std::vector<std::string>& labels,
                      const std::vector<ChartSeries>& series);

struct ChartBar {
  std::string label{};
  std::string note{};  // Behind the bar: the value in words.
  double value = 0;    // >= 0
};

// One bar below the other, the longest as wide as there is room.
std::string BarChart(const ChartTitle& title, const std::vector<ChartBar>& bars,
                     const std::string& style);

// Counts in squares, the larger the darker: `rows` from the top down.
struct HeatRow {
  std::string label{};
  std::vector<double> values{};
};
std::string HeatChart(const ChartTitle& title, const std::vector<std::string>& columns,
                      const std::vector<HeatRow>& rows);

}  // namespace vitrine
