#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/evaluation/comparison.h"

namespace vitrine::cli {

// Usage error, with the names there are, unless `scorer` is a model's name or the blend's.
absl::Status CheckScorer(const std::string& scorer);

// Keys and values of `--set key=value`, in their order. Errors: those of usage.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseSettings(
    const std::vector<std::string>& settings);

// Sets what `--set key=value` says. For a model the keys are its settings; for the blend they are
// MODEL.setting, weights.MODEL, cold_start_events and candidates_per_model. Usage errors name the
// key and what is allowed.
absl::Status ApplySettings(const std::string& scorer, const std::vector<std::string>& settings,
                           ComparisonOptions& options);

// Leaves the models of a kind out of the blend, with their settings.
void DropKind(std::string_view kind, ComparisonOptions& options);

}  // namespace vitrine::cli
