#include "insight/svg_charts.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "insight/text_table.h"
#include "insight/words.h"

namespace vitrine {
namespace {

std::string Open(const ChartTitle& title, double width, double height) {
  return absl::StrFormat(
      "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"%s-t %s-d\">"
      "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>\n",
      width, height, title.id, title.id, title.id, EscapeHtml(title.title), title.id,
      EscapeHtml(title.description));
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor,
                         EscapeHtml(text));
}

// The least of 1, 2, 5, 10, 20, ... that is not below `value`.
double RoundUp(double value) {
  if (!(value > 1)) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

std::string WholeNumber(double value) {
  return CountWords(static_cast<std::uint64_t>(std::llround(value)));
}

// Where the lines of a chart lie, in the units of its view box.
constexpr double kLinesWidth = 720;
constexpr double kLinesHeight = 240;
constexpr double kLeft = 60;
constexpr double kRight = 710;
constexpr double kTop = 30;
constexpr double kBottom = 210;
constexpr int kTicks = 4;

std::string Axes(const std::vector<std::string>& labels, double top_value) {
  std::string svg;
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double share = static_cast<double>(tick) / kTicks;
    const double y = kBottom - share * (kBottom - kTop);
    svg += absl::StrFormat("<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", kLeft, y, kRight);
    const double value = share * top_value;
    svg += Text(kLeft - 8, y + 4, "end",
                value == std::floor(value) ? WholeNumber(value) : absl::StrFormat("%.2g", value));
  }
  const std::size_t last = labels.size() - 1;
  svg += Text(kLeft, kBottom + 20, "start", labels.front());
  if (last >= 2) svg += Text((kLeft + kRight) / 2, kBottom + 20, "middle", labels[last / 2]);
  if (last >= 1) svg += Text(kRight, kBottom + 20, "end", labels.back());
  return svg + "\n";
}

std::string Line(const ChartSeries& series, double top_value) {
  std::string points;
  const double steps = std::max<double>(1, static_cast<double>(series.values.size()) - 1);
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    const double x = kLeft + (kRight - kLeft) * static_cast<double>(i) / steps;
    const double y = kBottom - (kBottom - kTop) * series.values[i] / top_value;
    points += absl::StrFormat("%s%.1f %.1f", i == 0 ? "M" : "L", x, y);
  }
  // One day alone is a dot: a line of no length with a round end.
  if (series.values.size() == 1) points += "h0";
  return absl::StrFormat("<path class=\"line %s\" d=\"%s\"/>\n", series.style, points);
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char each : text) {
    switch (each) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += each;
    }
  }
  return escaped;
}

std::string LineChart(const ChartTitle& title, const std::vector<std::string>& labels,
                      const std::vector<ChartSeries>& series) {
  double largest = 0;
  for (const ChartSeries& each : series) {
    for (const double value : each.values) largest = std::max(largest, value);
  }
  const double top_value = RoundUp(largest);
  std::string svg = Open(title, kLinesWidth, kLinesHeight) + Axes(labels, top_value);
  double x = kLeft;
  for (const ChartSeries& each : series) {
    svg += Line(each, top_value);
    svg += absl::StrFormat("<path class=\"line %s\" d=\"M%.1f 12h18\"/>", each.style, x);
    svg += Text(x + 24, 16, "start", each.name) + "\n";
    x += 60 + 7 * static_cast<double>(DisplayWidth(each.name));
  }
  return svg + "</svg>\n";
}

std::string BarChart(const ChartTitle& title, const std::vector<ChartBar>& bars,
                     const std::string& style) {
  constexpr double kWidth = 720;
  constexpr double kBarWidth = 480;
  constexpr double kRowHeight = 46;
  double largest = 0;
  for (const ChartBar& bar : bars) largest = std::max(largest, bar.value);
  std::string svg = Open(title, kWidth, kRowHeight * static_cast<double>(bars.size()));
  double y = 0;
  for (const ChartBar& bar : bars) {
    constexpr std::size_t kLabelColumns = 90;
    svg += Text(0, y + 15, "start", CutToWidth(bar.label, kLabelColumns));
    const double length = largest > 0 ? kBarWidth * bar.value / largest : 0;
    svg += absl::StrFormat(
        "<rect class=\"%s\" x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"16\" rx=\"3\"/>", style,
        y + 21, std::max(length, 1.0));
    svg += Text(std::max(length, 1.0) + 8, y + 34, "start", bar.note) + "\n";
    y += kRowHeight;
  }
  return svg + "</svg>\n";
}

std::string HeatChart(const ChartTitle& title, const std::vector<std::string>& columns,
                      const std::vector<HeatRow>& rows) {
  constexpr double kCellWidth = 84;
  constexpr double kCellHeight = 44;
  constexpr double kLabelWidth = 40;
  constexpr double kHeaderHeight = 22;
  constexpr double kDarkest = 0.7;  // The number in the square stays readable.
  double largest = 0;
  for (const HeatRow& row : rows) {
    for (const double value : row.values) largest = std::max(largest, value);
  }
  std::string svg = Open(title, kLabelWidth + kCellWidth * static_cast<double>(columns.size()),
                         kHeaderHeight + kCellHeight * static_cast<double>(rows.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    svg +=
        Text(kLabelWidth + kCellWidth * (static_cast<double>(i) + 0.5), 14, "middle", columns[i]);
  }
  double y = kHeaderHeight;
  for (const HeatRow& row : rows) {
    svg += '\n';
    svg += Text(0, y + kCellHeight / 2 + 5, "start", row.label);
    double x = kLabelWidth;
    for (const double value : row.values) {
      svg += absl::StrFormat(
          "<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\" "
          "fill-opacity=\"%.3f\"/>",
          x + 1, y + 1, kCellWidth - 2, kCellHeight - 2,
          largest > 0 ? kDarkest * value / largest : 0.0);
      svg += Text(x + kCellWidth / 2, y + kCellHeight / 2 + 5, "middle", WholeNumber(value));
      x += kCellWidth;
    }
    y += kCellHeight;
  }
  return svg + "\n</svg>\n";
}

}  // namespace vitrine
