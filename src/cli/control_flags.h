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

}  // namespace vitrine::cli
