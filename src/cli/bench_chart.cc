#include "cli/bench_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace vitrine::cli {
namespace {

// Where the lines lie, in the units of the view box.
constexpr double kLeft = 80;
constexpr double kRight = 700;
constexpr double kTop = 70;
constexpr double kBottom = 370;

constexpr const char kHead[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 440\" role=\"img\">\n"
    "<title>%s</title>\n"
    "<style>text{font:13px sans-serif;fill:#333}.title{font-size:16px}.grid{stroke:#ddd}"
    ".p50{stroke:#1f77b4;fill:none;stroke-width:2}.p99{stroke:#d62728;fill:none;stroke-width:2}"
    "circle.p50{fill:#1f77b4}circle.p99{fill:#d62728}</style>\n"
    "<rect width=\"740\" height=\"440\" fill=\"#fff\"/>\n"
    "<text class=\"title\" x=\"80\" y=\"28\">%s</text>\n";

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                         Escaped(text));
}

// The least of 1, 2, 5, 10, 20, ... that is not below `value`.
double RoundUp(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

// From numbers to places.
class Scales {
 public:
  explicit Scales(const std::vector<BenchPoint>& points) {
    double fastest = points.front().calls_per_second;
    double least = points.front().p50_us;
    double most = points.front().p99_us;
    for (const BenchPoint& point : points) {
      fastest = std::max(fastest, point.calls_per_second);
      least = std::min({least, point.p50_us, point.p99_us});
      most = std::max({most, point.p50_us, point.p99_us});
    }
    top_rate_ = fastest > 0 ? RoundUp(fastest) : 1;  // Runs of one call have no rate.
    least_power_ = static_cast<int>(std::floor(std::log10(least)));
    top_power_ = std::max(least_power_ + 1, static_cast<int>(std::ceil(std::log10(most))));
  }

  double top_rate() const { return top_rate_; }
  int least_power() const { return least_power_; }  // Of ten, in microseconds.
  int top_power() const { return top_power_; }

  double X(double calls_per_second) const {
    return kLeft + (kRight - kLeft) * calls_per_second / top_rate_;
  }
  double Y(double us) const {
    const double share = (std::log10(us) - least_power_) / (top_power_ - least_power_);
    return kBottom - (kBottom - kTop) * share;
  }

 private:
  double top_rate_ = 0;
  int least_power_ = 0;
  int top_power_ = 0;
};

std::string Axes(const Scales& scales) {
  constexpr int kTicks = 5;
  std::string svg;
  for (int power = scales.least_power(); power <= scales.top_power(); ++power) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double us = step * std::pow(10.0, power);
      if (power == scales.top_power() && step > 1) break;
      const double y = scales.Y(us);
      svg += absl::StrFormat("<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", kLeft, y, kRight);
      svg += Text(kLeft - 8, y + 4, "end", absl::StrFormat("%g", us / 1000));
    }
  }
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double rate = scales.top_rate() * tick / kTicks;
    const double x = scales.X(rate);
    svg += absl::StrFormat("<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", x, kTop, kBottom);
    svg += Text(x, kBottom + 20, "middle", absl::StrFormat("%g", rate));
  }
  svg += Text((kLeft + kRight) / 2, kBottom + 46, "middle", "calls answered a second");
  svg += absl::StrFormat(
      "<text x=\"0\" y=\"0\" text-anchor=\"middle\" transform=\"translate(24 %.1f) "
      "rotate(-90)\">latency in ms</text>\n",
      (kTop + kBottom) / 2);
  return svg;
}

std::string Line(const char* style, const char* name, const std::vector<BenchPoint>& points,
                 double BenchPoint::*latency, const Scales& scales) {
  std::string path;
  std::string marks;
  for (const BenchPoint& point : points) {
    const double x = scales.X(point.calls_per_second);
    const double y = scales.Y(point.*latency);
    path += absl::StrFormat("%s%.1f %.1f", path.empty() ? "M" : "L", x, y);
    marks += absl::StrFormat(
        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s: %s %.3f ms at %.0f a "
        "second</title></circle>\n",
        style, x, y, Escaped(point.label), name, point.*latency / 1000, point.calls_per_second);
  }
  return absl::StrFormat("<path class=\"%s\" d=\"%s\"/>\n%s", style, path, marks);
}

std::string Legend(const char* style, const char* name, double x) {
  return absl::StrFormat("<path class=\"%s\" d=\"M%.1f 50h24\"/>\n", style, x) +
         Text(x + 30, 54, "start", name);
}

}  // namespace

std::string BenchChart(const std::string& title, const std::vector<BenchPoint>& points) {
  constexpr const char kMedian[] = "median";
  constexpr const char kTail[] = "99th percentile";
  const Scales scales(points);
  std::string svg = absl::StrFormat(kHead, Escaped(title), Escaped(title));
  svg += Axes(scales);
  svg += Legend("p50", kMedian, kLeft) + Legend("p99", kTail, kLeft + 110);
  svg += Line("p50", kMedian, points, &BenchPoint::p50_us, scales);
  svg += Line("p99", kTail, points, &BenchPoint::p99_us, scales);
  return svg + "</svg>\n";
}

}  // namespace vitrine::cli
