#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "training/sequence_data.h"
#include "vitrine/scorers/dnn/sequence_network.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// How a sequence network is trained.
struct SequenceLearning {
  double dropout = 0.5;
  std::size_t epochs = 50;  // At most.
  std::size_t batch = 128;  // Windows of a step.
  double learning_rate = 1e-3;
  // Above 0: the vectors of items are held at length 1, and what they are compared with begins at
  // length 1 / temperature. 0: lengths are learned.
  double temperature = 0;
  std::size_t negatives = 0;  // Items drawn for a step, beside its targets; 0: all items.
  std::size_t patience = 3;   // Epochs without a better validation that are borne.
  std::uint64_t seed = 1;
};

// A network of that shape, trained to foresee each step from those before it: softmax cross-entropy
// over all items, or over sampled ones, by Adam. The weights kept are those of the best epoch on
// what is held out. Items as in data.item_rows. Reports progress up to 1. Errors: CANCELLED.
absl::StatusOr<SequenceNetwork> LearnSequences(const SequenceData& data, SequenceShape shape,
                                               const SequenceLearning& learning,
                                               std::string_view trainer,
                                               const TrainingContext& context);

}  // namespace vitrine
