#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "absl/status/statusor.h"
#include "training/setting_reader.h"
#include "vitrine/base/matrix.h"
#include "vitrine/base/random.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// One user's scores in a batch.
struct SgdScores {
  std::span<const float> liked{};    // [liked items of the user]
  std::span<const float> weights{};  // [liked items] > 0
  std::span<const float> pool{};     // [pool] -infinity where the user likes the item.
};

// The derivatives of the loss by those scores, zero when a loss is asked.
struct SgdGradients {
  std::span<float> liked{};
  std::span<float> pool{};
};

// Adds the derivatives to `gradients` and returns the loss. What is -infinity is no negative: it
// must get no gradient. `random` is the user's own in this batch. Called from many threads.
using SgdLoss =
    std::function<double(const SgdScores& scores, const SgdGradients& gradients, Random& random)>;

// How vectors are learned from a loss of their products.
struct FactorSgd {
  std::size_t dimensions = 64;
  std::size_t epochs = 30;           // Each visits every user once, with all that the user likes.
  std::size_t users_per_batch = 64;  // They share the pool of negatives.
  std::size_t pool_size = 2000;      // Items drawn for a batch; those drawn twice count once.
  double popularity_power = 0;       // An item is drawn in proportion to its likes^power.
  double learning_rate = 0.02;       // Of Adam; falls to 0 along a line.
  double decay = 0;                  // A liked pair costs decay / 2 (|x_u|^2 + |y_i|^2) besides.
  std::size_t start_epochs = 2;      // Of iALS for the first vectors; 0: random ones.
  std::uint64_t seed = 1;
};

// The settings that all have: dimensions, epochs, negatives, sampling, learning_rate, start_epochs
// and seed.
FactorSgd ReadFactorSgd(SettingReader& reader);

struct UserItemFactors {
  Matrix users{};  // [rows of the weights x d]
  Matrix items{};  // [columns x d] Zero: nobody likes it.
};

// Vectors of length 1 [rows, columns of the weights x d], zero where there are no likes: those of
// `start_epochs` of iALS, or random ones. Errors: CANCELLED.
absl::StatusOr<UserItemFactors> FirstFactors(const CsrMatrix& weights, const FactorSgd& training,
                                             const TrainingContext& context);

// One step with a batch of users, all of whom like something. `number` counts steps from 1.
using SgdStep = std::function<void(std::span<const std::uint32_t> users, std::uint64_t number,
                                   double learning_rate)>;

// Takes all steps of a training: in each epoch the users who like something, in a new order.
// Errors: CANCELLED, naming `trainer`.
absl::Status RunSgd(const CsrMatrix& weights, const FactorSgd& training, const SgdStep& step,
                    std::string_view trainer, const TrainingContext& context);

// What is random in step `number`: the pool, and what is drawn for the user in `row` of the batch.
Random PoolRandom(const FactorSgd& training, std::uint64_t number);
Random UserRandom(const FactorSgd& training, std::uint64_t number, std::size_t row);

// Learns a vector for each user and each item, their scores being inner products. Mini-batch
// gradients with Adam: a batch is some users with all that they like, and one pool of items that
// are negatives for each of them unless liked: the scores of all users with the whole pool are one
// matrix product, so a thousand negatives cost little. Users and items of a batch are in fixed
// shards whose gradients are added in order: no bit depends on the threads. `weights` [users x
// items] > 0. Errors: CANCELLED, naming `trainer`.
absl::StatusOr<UserItemFactors> TrainBySgd(const CsrMatrix& weights, const FactorSgd& training,
                                           const SgdLoss& loss, std::string_view trainer,
                                           const TrainingContext& context);

}  // namespace vitrine
