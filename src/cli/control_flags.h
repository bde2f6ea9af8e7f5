#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "vitrine/engine/controls.h"

namespace vitrine::cli {

// "mmr:0.3", "dpp:0.5", or "none". Errors: a UsageError that says what is wanted.
absl::StatusOr<Diversity> ParseDiversity(const std::string& text);

// "0.2", or "0.2:7" with a seed. Errors: the same.
absl::StatusOr<Exploration> ParseExploration(const std::string& text);

// "i-5:3": the item and its position, behind the last colon. Errors: the same.
absl::StatusOr<Pin> ParsePin(const std::string& text);

// "new:0.2", "long-tail:0.2", or "none". Errors: the same.
absl::StatusOr<Exposure> ParseExposure(const std::string& text);

// Of "long-tail:0.2" 0.2, of "none" 0. Errors: the same; old events have no new items to measure.
absl::StatusOr<double> ParseLongTailShare(const std::string& text);

// "brand = \"Acme\":0.5": the filter and its strength, behind the last colon. Errors: the same.
absl::StatusOr<Boost> ParseBoost(const std::string& text);

}  // namespace vitrine::cli
