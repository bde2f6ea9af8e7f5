#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/scorers/dnn/session_predictor.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// A moment and what came true afterwards. Empty: it does not apply, or is not known yet.
struct LabelledMoment {
  ShopperMoment moment{};
  std::uint32_t shopper = 0;                // Moments of one shopper are held out together.
  std::optional<bool> orders_in_session{};  // Of the visit under way, or of one that begins now.
  std::optional<bool> orders_in_horizon{};
  std::optional<NextEvent> next{};
};

// The settings of the purchase predictor over a store, with their defaults.
Settings SessionPredictorDefaults();

struct SessionLearning {
  SessionShape shape{};
  double horizon_days = 7;
  std::size_t max_moments = 30'000;
  std::size_t epochs = 30;  // At most.
  std::size_t patience = 4;
  std::size_t batch = 128;
  double learning_rate = 3e-3;
  double dropout = 0.2;
  double weight_decay = 0.01;
  double held_out_share = 0.1;  // Of the shoppers.
  std::uint64_t seed = 1;
  Settings settings{};  // Complete.
};

// Errors: INVALID_ARGUMENT an unknown setting, or a value that is not allowed.
absl::StatusOr<SessionLearning> ReadSessionLearning(const Settings& settings);

// Learns all three heads at once, the sum of their cross-entropies, by AdamW. The weights that are
// best on the shoppers held out are kept. Same moments and settings: the same bits at any number
// of threads. Features are those of PurchaseFeatureNames.
//
// Errors: INVALID_ARGUMENT fewer than two moments; FAILED_PRECONDITION nothing to learn, since no
// head has both a yes and a no; INTERNAL the training does not stay finite; CANCELLED; those of a
// checkpoint (Trainer::train).
absl::StatusOr<std::shared_ptr<const SessionPredictor>> TrainSessionPredictor(
    std::span<const LabelledMoment> moments, const SessionLearning& learning,
    const TrainingContext& context);

}  // namespace vitrine
