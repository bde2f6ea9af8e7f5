#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/evaluation/comparison.h"

namespace vitrine {

// Whether there is something to learn from, and nothing said instead.
bool Learns(const ComparisonOptions& options);

// A blend, and its models as trained on the validation part's train part.
struct Learning {
  LearnedBlend blend{};
  std::vector<TimedModel> trained{};
};

// Trains each model of `options`, or each that may suit the data with the best of its settings, on
// what the validation part leaves, and fits their weights to its cases. Models without a weight are
// left out. REQUIRES: Learns(options). Errors: those of TrainEach.
absl::StatusOr<Learning> LearnBlend(const ComparisonOptions& options,
                                    const TrainingContext& context, const StageReport& report);

}  // namespace vitrine
