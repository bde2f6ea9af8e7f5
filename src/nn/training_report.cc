#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine::nn {

namespace {

// Of the picture, in pixels.
constexpr double kWidth = 640;
constexpr double kHeight = 360;
constexpr double kMargin = 50;

struct Axes {
  double first_epoch = 1;
  double last_epoch = 2;
  double lowest = 0;
  double highest = 1;

  double X(double epoch) const {
    return kMargin + (epoch - first_epoch) / (last_epoch - first_epoch) * (kWidth - 2 * kMargin);
  }
  double Y(double loss) const {
    return kHeight - kMargin - (loss - lowest) / (highest - lowest) * (kHeight - 2 * kMargin);
  }
};

Axes AxesOf(const TrainingReport& report) {
  Axes axes;
  bool is_first = true;
  for (const EpochReport& epoch : report.epochs) {
    for (const double loss : {epoch.loss, epoch.validation_loss}) {
      if (!std::isfinite(loss)) continue;
      axes.lowest = is_first ? loss : std::min(axes.lowest, loss);
      axes.highest = is_first ? loss : std::max(axes.highest, loss);
      is_first = false;
    }
    axes.last_epoch = std::max(axes.last_epoch, static_cast<double>(epoch.epoch));
  }
  if (!(axes.highest > axes.lowest)) axes.highest = axes.lowest + 1;
  return axes;
}

std::string Line(const TrainingReport& report, const Axes& axes, double EpochReport::*loss,
                 const char* colour) {
  std::string points;
  for (const EpochReport& epoch : report.epochs) {
    if (!std::isfinite(epoch.*loss)) continue;
    absl::StrAppendFormat(&points, "%.1f,%.1f ", axes.X(static_cast<double>(epoch.epoch)),
                          axes.Y(epoch.*loss));
  }
  return absl::StrFormat(
      "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", colour, points);
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                         text);
}

}  // namespace

std::string FormatProgress(const TrainingProgress& progress) {
  constexpr std::size_t kBar = 10;
  const double share = static_cast<double>(progress.step) /
                       static_cast<double>(std::max<std::uint64_t>(progress.num_steps, 1));
  const auto filled = static_cast<std::size_t>(share * kBar);
  return absl::StrFormat("epoch %d/%d [%s%s] loss %.4f, %.0f s left, rate %.3g, %.0f examples/s",
                         progress.epoch, progress.num_epochs, std::string(filled, '='),
                         std::string(kBar - filled, ' '), progress.loss, progress.seconds_left,
                         progress.learning_rate, progress.examples_per_second);
}

std::string LossCurveCsv(const TrainingReport& report) {
  std::string text = "epoch,loss,validation_loss,learning_rate\n";
  for (const EpochReport& epoch : report.epochs) {
    const std::string validation =
        std::isfinite(epoch.validation_loss) ? absl::StrFormat("%.9g", epoch.validation_loss) : "";
    absl::StrAppendFormat(&text, "%d,%.9g,%s,%.9g\n", epoch.epoch, epoch.loss, validation,
                          epoch.learning_rate);
  }
  return text;
}

std::string LossCurveSvg(const TrainingReport& report) {
  const Axes axes = AxesOf(report);
  std::string picture = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
      "<path d=\"M%.0f %.0fV%.0fH%.0f\" fill=\"none\" stroke=\"black\"/>\n",
      kWidth, kHeight, kMargin, kMargin, kHeight - kMargin, kWidth - kMargin);
  picture +=
      Text(kMargin - 6, axes.Y(axes.highest) + 4, "end", absl::StrFormat("%.4g", axes.highest));
  picture +=
      Text(kMargin - 6, axes.Y(axes.lowest) + 4, "end", absl::StrFormat("%.4g", axes.lowest));
  picture += Text(kMargin, kHeight - kMargin + 18, "middle", "1");
  picture += Text(kWidth - kMargin, kHeight - kMargin + 18, "middle",
                  absl::StrFormat("%.0f", axes.last_epoch));
  picture += Text(kWidth / 2, kHeight - 10, "middle", "epoch");
  picture += Line(report, axes, &EpochReport::loss, "#1f77b4");
  picture += Line(report, axes, &EpochReport::validation_loss, "#d62728");
  picture += Text(kWidth - kMargin, kMargin - 20, "end",
                  "loss: training blue, validation red; dashed: best epoch");
  if (report.best_epoch > 0) {
    const double x = axes.X(static_cast<double>(report.best_epoch));
    absl::StrAppendFormat(&picture,
                          "<path d=\"M%.1f %.0fV%.0f\" stroke=\"grey\" stroke-dasharray=\"4\"/>\n",
                          x, kMargin, kHeight - kMargin);
  }
  return picture + "</svg>\n";
}

}  // namespace vitrine::nn
