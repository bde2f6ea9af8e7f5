#include "cli/threshold_curves.h"

#include <functional>

#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine::cli {
namespace {

constexpr int kRowHeight = 380;  // Of the picture, a row for each curve.

std::string CurvesCsv(std::span<const NamedCurve> curves) {
  const bool has_names = !curves.empty() && !curves.front().name.empty();
  std::string text = has_names ? "order_in," : "";
  text += "threshold,false_positive_rate,recall,precision\n";
  for (const NamedCurve& curve : curves) {
    for (const ThresholdRates& at : curve.points) {
      if (has_names) text += curve.name + ",";
      text += absl::StrFormat("%.9g,%.9g,%.9g,%.9g\n", at.threshold, at.false_positive_rate,
                              at.recall, at.precision);
    }
  }
  return text;
}

// One panel of the picture: x and y from 0 to 1.
struct Panel {
  int left = 0;
  int top = 0;
  std::string title{};
  std::string x_name{};
  std::string y_name{};
  std::function<double(const ThresholdRates&)> x{};
  std::function<double(const ThresholdRates&)> y{};
};

std::string Draw(const Panel& panel, std::span<const ThresholdRates> curve) {
  constexpr int kSide = 300;
  const int bottom = panel.top + kSide;
  std::string points;
  for (const ThresholdRates& at : curve) {
    points += absl::StrFormat("%.1f,%.1f ", panel.left + kSide * panel.x(at),
                              bottom - kSide * panel.y(at));
  }
  std::string text = absl::StrFormat(
      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#999\"/>\n",
      panel.left, panel.top, kSide, kSide);
  text += absl::StrFormat("<text x=\"%d\" y=\"%d\">%s</text>\n", panel.left, panel.top - 12,
                          panel.title);
  text += absl::StrFormat("<text x=\"%d\" y=\"%d\">%s, 0 to 1</text>\n", panel.left, bottom + 20,
                          panel.x_name);
  text += absl::StrFormat("<text transform=\"translate(%d %d) rotate(-90)\">%s, 0 to 1</text>\n",
                          panel.left - 10, bottom, panel.y_name);
  return text + absl::StrFormat(
                    "<polyline points=\"%s\" fill=\"none\" stroke=\"#0a6\" stroke-width=\"2\"/>\n",
                    points);
}

// Both panels of one curve, side by side.
std::string DrawRow(const NamedCurve& curve, int row) {
  const int top = row * kRowHeight + 40;
  const std::string of = curve.name.empty() ? "" : absl::StrFormat("Order in %s: ", curve.name);
  const auto recall = [](const ThresholdRates& at) { return at.recall; };
  const Panel roc{.left = 40,
                  .top = top,
                  .title = absl::StrFormat("%sROC, area %.4f", of, curve.auc),
                  .x_name = "false positive rate",
                  .y_name = "recall",
                  .x = [](const ThresholdRates& at) { return at.false_positive_rate; },
                  .y = recall};
  const Panel precision{.left = 430,
                        .top = top,
                        .title = absl::StrFormat("Precision and recall, average precision %.4f",
                                                 curve.average_precision),
                        .x_name = "recall",
                        .y_name = "precision",
                        .x = recall,
                        .y = [](const ThresholdRates& at) { return at.precision; }};
  return Draw(roc, curve.points) + Draw(precision, curve.points);
}

std::string CurvesSvg(std::span<const NamedCurve> curves) {
  std::string text = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n",
      kRowHeight * static_cast<int>(curves.size()));
  int row = 0;
  for (const NamedCurve& curve : curves) text += DrawRow(curve, row++);
  return text + "</svg>\n";
}

}  // namespace

absl::Status WriteCurves(std::span<const NamedCurve> curves, const std::string& path) {
  const bool is_csv = path.ends_with(".csv");
  return WriteFileAtomically(LocalFileSystem(), path,
                             is_csv ? CurvesCsv(curves) : CurvesSvg(curves));
}

}  // namespace vitrine::cli
