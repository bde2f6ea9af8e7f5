#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "training/held_out_likes.h"
#include "vitrine/scorers/dnn/neural_cf.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct NeuralCfLearning {
  std::size_t factors = 64;         // Numbers of an item for the inner product.
  std::size_t hidden = 32;          // Units of the network's first layer, which are an item's too,
  std::size_t second = 16;          // and of its second.
  std::size_t epochs = 20;          // Of both together, at most.
  std::size_t pretrain_epochs = 5;  // Of each alone, before; 0: none.
  std::size_t batch = 256;          // Shoppers of a step.
  std::size_t pool_size = 512;      // Items drawn for a step; those drawn twice count once.
  double popularity_power = 0;      // An item is drawn in proportion to its likes^power.
  double target_share = 0.3;        // Of a shopper's items, anew in each step: asked for, not read.
  double learning_rate = 0.005;     // Of Adam; falls along half a cosine, in each part.
  double decay = 0;                 // Of AdamW.
  std::size_t start_epochs = 2;     // Of iALS for the first factors; 0: random ones.
  std::size_t patience = 5;         // Epochs without a better validation that are borne; 0: all.
  std::uint64_t seed = 1;
};

// Learns from the weights of `likes` [users x items] > 0. In each step a shopper's items are
// parted: the network reads some and is asked for the others, against a pool that all shoppers of
// the step share, softmax cross-entropy. First the inner product alone, then the network alone,
// then both with half of each output (He et al., section 3.4.1): where something is held out, as
// they were after the epoch that ranks it best. The same bits at any number of threads. Items that
// nobody likes have zeros. Errors: CANCELLED, naming `trainer`; those of nn::RunTrainingLoop.
absl::StatusOr<NeuralCfWeights> LearnNeuralCf(const HeldOutLikes& likes,
                                              const NeuralCfLearning& learning,
                                              std::string_view trainer,
                                              const TrainingContext& context);

}  // namespace vitrine
