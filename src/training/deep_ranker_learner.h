#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/training/ranker_lessons.h"

namespace vitrine {

struct RankerLearning {
  double dropout = 0;
  std::size_t epochs = 0;
  std::size_t batch = 0;  // Lists.
  double learning_rate = 0;
  double weight_decay = 0;
  double pointwise_weight = 0;  // Of the binary cross-entropy beside that of the list.
  std::size_t patience = 0;
  std::size_t networks = 0;
  std::uint64_t seed = 0;
};

// Learns networks, means, scales, slopes and shift of `table`, whose other members are given.
// REQUIRES: lists of two shoppers a network. Errors: CANCELLED; INTERNAL what is learned is not
// finite.
absl::StatusOr<RankerGain> LearnRanker(const RankerLessons& lessons, const RankerLearning& learning,
                                       const TrainingContext& context, DeepRankerTable& table);

// Its entry of Trainers().
Trainer DeepRankerTrainer();

}  // namespace vitrine
