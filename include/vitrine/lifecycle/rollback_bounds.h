#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vitrine/engine/model_control.h"

namespace vitrine {

// When a version that went live is taken back without anybody asking: docs/lifecycle.md.
struct RollbackBounds {
  // Share of the lists that failed or were cut short by their deadline, 0 to 1. 0: not looked at.
  double error_rate = 0.1;
  std::uint64_t least_answers = 200;  // Fewer prove nothing.
  // By how much less of what is shown is clicked than with the version before, 0 to 1: 0.3 is three
  // tenths less. 0: not looked at.
  double click_drop = 0;
  std::uint64_t least_shown = 2'000;  // Items, of either version. Fewer prove nothing.
  double probation_hours = 24;        // How long a version is watched.
};

// What came of the lists of one version, those of SimilarItems and RankItems included.
struct ServingFigures {
  std::uint64_t num_answers = 0;
  std::uint64_t num_failed = 0;  // Of these.
  std::uint64_t num_shown = 0;   // Items of impressions with the version's tokens.
  std::uint64_t num_clicked = 0;
};

// Why a version is to be taken back.
struct RollbackReason {
  RollbackCause cause{};
  std::string text{};  // For people, with the numbers.
};

// Why `live` is to be taken back, or nothing. It has to be worse than `previous`
// as well, as far as enough is known of that: a fault of the machine is no fault of the models. Of
// clicks the difference must be beyond noise (z of two shares above 1.96).
std::optional<RollbackReason> WhyRollBack(const RollbackBounds& bounds, const ServingFigures& live,
                                          const ServingFigures& previous);

}  // namespace vitrine
