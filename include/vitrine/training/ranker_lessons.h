#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/matrix.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// What lessons are: of impressions, what shoppers were shown and whether they then touched it; else
// the blend's best, of which all that the shopper did not go on to like are negatives.
enum class LessonSource { kSampled, kImpressions };

// What a blend found for a shopper at a moment, by models that knew nothing of what came after it,
// or what of that the shopper was shown; and what the shopper then wanted. A list each.
struct RankerLessons {
  LessonSource source = LessonSource::kSampled;
  std::vector<std::string> scorers{};     // Of the blend, that the features tell of.
  std::vector<std::size_t> begin = {0};   // [lists + 1] Rows of a list's candidates.
  Matrix features{};                      // [rows x features] As RankerFeatures has them.
  std::vector<std::uint8_t> is_wanted{};  // [rows] 0 or 1.
  // [lists] Whose they are: those of a shopper side by side, shoppers from 0 on. Empty: each list
  // is another shopper's.
  std::vector<std::uint32_t> shoppers{};

  std::size_t num_lists() const { return begin.size() - 1; }
  std::size_t ShopperOf(std::size_t list) const { return shoppers.empty() ? list : shoppers[list]; }
  std::size_t num_shoppers() const { return num_lists() == 0 ? 0 : 1 + ShopperOf(num_lists() - 1); }
};

// A ranker learns of so many shoppers at least. By itself it takes impressions for lessons where so
// many chose among what they were shown.
inline constexpr std::size_t kLeastShoppersToLearn = 100;

// Whether there is an order to learn from a list: something of it is wanted, and something is not.
bool IsChoice(std::span<const std::uint8_t> is_wanted);

// Whether lessons of their source are those that the settings of a ranker ask for.
bool IsTaughtBy(const RankerLessons& lessons, const Settings& settings);

// Trains deep_ranker, by its trainer's settings. `dataset` is what is known now of the items;
// `lessons` null, or of fewer than kLeastShoppersToLearn shoppers: it learns nothing, and the order
// stays as it is, which is all that the trainer by itself can do. Errors: those of Trainer::train;
// FAILED_PRECONDITION `settings` name lessons of the other source: ask for these.
absl::StatusOr<Model> TrainRanker(const Dataset& dataset, const Settings& settings,
                                  const RankerLessons* lessons, const TrainingContext& context);

// What `ranker` once learned, with what is known of the items now: nothing is learned anew. The
// settings stay. REQUIRES: TrainRanker made it, or it was loaded as such. Errors: CANCELLED.
absl::StatusOr<Model> RenewRanker(const Dataset& dataset, const Model& ranker,
                                  const TrainingContext& context);

}  // namespace vitrine
