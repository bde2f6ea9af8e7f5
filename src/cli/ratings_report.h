#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vitrine/evaluation/ratings.h"

namespace vitrine::cli {

// A row, and the one that it is held against, if any.
struct RatingComparison {
  RatingRow row{};
  std::optional<RatingRow> other{};
  RatingDifferences differences{};
};

// One JSON object; docs/cli.md has the keys.
std::string RatingsJson(const RatingComparison& comparison, std::uint64_t peak_rss_bytes);

// For people: a line for each row, and how much they differ.
std::string RatingsTable(const RatingComparison& comparison);

// "user<TAB>item<TAB>rating<TAB>fold<TAB>predicted" a line, folds from 1 on.
std::string PredictionLines(const Dataset& dataset, const std::vector<HeldRating>& held,
                            const RatingRow& row);

}  // namespace vitrine::cli
