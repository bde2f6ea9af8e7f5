#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "vitrine/math/classification_metrics.h"

namespace vitrine::cli {

// How one yes or no was foreseen, threshold by threshold.
struct NamedCurve {
  std::string name{};  // Of what is foreseen; empty where there is no other.
  double auc = 0;
  double average_precision = 0;
  std::span<const ThresholdRates> points{};  // Numbers: cases of both kinds were asked about.
};

// The ROC and the precision-recall curve of each: as lines "threshold,false_positive_rate,recall,
// precision" where `path` ends in .csv, each after its name where they have names, else as one
// picture (SVG). Errors: those of FileSystem.
absl::Status WriteCurves(std::span<const NamedCurve> curves, const std::string& path);

}  // namespace vitrine::cli
