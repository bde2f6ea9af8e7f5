#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/engine/model_control.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/models/model.h"

namespace vitrine {

// When a candidate may take the place of what is live: docs/lifecycle.md.
struct GateOptions {
  bool is_on = true;
  // The candidate's coverage must be at least this share of the live models'. 0: any will do.
  double least_coverage = 0.75;
  // Fewer test shoppers than these prove nothing: the candidate passes unmeasured.
  std::size_t least_users = 20;
  ResamplingOptions resampling = {.bootstrap_rounds = 1000, .permutation_rounds = 0};
};

// A candidate as it was measured: trained on the split's train part alone.
struct Candidate {
  const Split& split;
  const ComparisonRow& row;  // Of the blend, evaluated on `split` at one cut-off.
};

// Holds `candidate` against `live` on the candidate's split. The candidate is refused where the
// paired bootstrap says that it is less accurate, its whole interval below zero, or where its lists
// cover too little of the catalogue.
//
// Live models that were trained before the test part began are asked as they are. Others have seen
// the answers: what they are made of (models, settings, weights) is trained on the candidate's
// train part instead, but for the models that the candidate has just the same.
//
// `options`: with the blend and the lessons, or the ranker, that the candidate was measured with.
// Errors: those of TrainEach, for such a training; CANCELLED.
absl::StatusOr<GateReport> HoldAgainstLive(const Candidate& candidate, const ModelSet& live,
                                           const GateOptions& gate,
                                           const ComparisonOptions& options,
                                           const TrainingContext& context,
                                           const StageReport& report);

// The same for a model that only placements ask, by `name`: as it would be trained with `options`
// (its settings among them) on the split's train part, alone, against the model of that name in
// `live`, alone. Nothing: `live` has none, or the candidate would be the same as it. Errors: the
// same.
struct LoneCandidate {
  const std::string& name;
  const Split& split;
};
absl::StatusOr<std::optional<GateReport>> HoldAloneAgainstLive(
    const LoneCandidate& candidate, const ModelSet& live, const GateOptions& gate,
    const ComparisonOptions& options, const TrainingContext& context, const StageReport& report);

}  // namespace vitrine
