#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "training/held_out_likes.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct GanCfLearning {
  std::size_t hidden = 128;       // Units of the generator.
  std::size_t judge_hidden = 32;  // Units of the adversary.
  std::size_t epochs = 30;        // At most.
  std::size_t batch = 256;        // Shoppers of a step.
  std::size_t pool_size = 2048;   // Items drawn for a step that nobody asked for: zeros to
                                  // reconstruct (CFGAN, section 3.3).
  double popularity_power = 0;    // An item is drawn in proportion to its likes^power.
  double target_share = 0.5;      // Of a shopper's items, anew in each step: asked for, not read.
  double adversary_weight = 0.1;  // Of the adversary's loss, that of reconstruction being 1.
  std::size_t masked_zeros = 32;  // Zeros that the adversary sees of a shopper (partial masking).
  double learning_rate = 0.005;   // Of Adam; falls along half a cosine.
  double judge_learning_rate = 0.001;  // The same, of the adversary.
  double decay = 0;                    // Of AdamW.
  std::size_t start_epochs = 2;        // Of iALS for the first weights; 0: random ones.
  std::size_t patience = 5;            // Epochs without a better validation that are borne; 0: all.
  std::uint64_t seed = 1;
};

// Learns from the weights of `likes` [users x items] > 0. In each step a shopper's items are parted
// into c, which the generator reads, and t, which it should make. Let s be the softmax of its
// scores over t and some zeros z of the pool, and v = |t| s. The adversary D learns to tell v from
// the real vector, 1 on t and 0 on z, given c; the generator minimises
//
//   softmax cross-entropy of t against the pool  +  adversary_weight * mean of -log D(v | c)
//
// Where something is held out, the generator is that of the epoch that ranks it best; the adversary
// goes on from epoch to epoch, and is not kept. The same bits at any number of threads. Items that
// nobody likes have zeros. Errors: CANCELLED, naming `trainer`; those of nn::RunTrainingLoop.
absl::StatusOr<GanCfWeights> LearnGanCf(const HeldOutLikes& likes, const GanCfLearning& learning,
                                        std::string_view trainer, const TrainingContext& context);

}  // namespace vitrine
