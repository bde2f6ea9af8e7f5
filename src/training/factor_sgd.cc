#include "training/factor_sgd.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "training/ials_trainer.h"
#include "training/sgd_parts.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/nn/row_adam.h"

namespace vitrine {
namespace {

// Parts of a batch, of users and then of items. Part of the result; independent of the threads.
constexpr std::size_t kShards = 8;

// Streams of random numbers: 0 for the order of users, and for step n, which counts from 1, those
// from n * kStreamsPerStep on: one for the pool, then one for each user.
constexpr std::uint64_t kStreamsPerStep = 1 << 20;

using RowVector = Eigen::RowVectorXf;

class SgdRun {
 public:
  SgdRun(const CsrMatrix& weights, const FactorSgd& training, const SgdLoss& loss,
         UserItemFactors& factors)
      : weights_(weights),
        training_(training),
        loss_(loss),
        factors_(factors),
        sampler_(weights, training.popularity_power),
        user_adam_(factors.users),
        item_adam_(factors.items),
        gradients_(kShards) {}

  // One step of all vectors that `users` (of those that like something) and their pool touch.
  void Step(std::span<const std::uint32_t> users, std::uint64_t number, double learning_rate,
            ThreadPool& threads) {
    users_ = users;
    number_ = number;
    learning_rate_ = static_cast<float>(learning_rate);
    Random random = PoolRandom(training_, number);
    pool_items_ = sampler_.Draw(training_.pool_size, random);
    pool_.resize(static_cast<Eigen::Index>(pool_items_.size()), factors_.items.cols());
    for (std::size_t i = 0; i < pool_items_.size(); ++i) {
      pool_.row(static_cast<Eigen::Index>(i)) = factors_.items.row(pool_items_[i]);
    }
    batch_.resize(static_cast<Eigen::Index>(users.size()), factors_.users.cols());
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepUsers(shard); });
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepItems(shard); });
  }

 private:
  void StepUsers(std::size_t shard) {
    gradients_[shard].clear();
    const auto begin = static_cast<Eigen::Index>(shard * users_.size() / kShards);
    const auto end = static_cast<Eigen::Index>((shard + 1) * users_.size() / kShards);
    for (Eigen::Index row = begin; row < end; ++row) {
      batch_.row(row) = factors_.users.row(users_[static_cast<std::size_t>(row)]);
    }
    Matrix scores = batch_.middleRows(begin, end - begin) * pool_.transpose();
    for (Eigen::Index row = begin; row < end; ++row) {
      StepUser(row, {scores.row(row - begin).data(), pool_items_.size()}, gradients_[shard]);
    }
  }

  // `pool_scores` are overwritten.
  void StepUser(Eigen::Index row, std::span<float> pool_scores,
                std::vector<PairGradient>& gradients) {
    const std::uint32_t user = users_[static_cast<std::size_t>(row)];
    const auto liked_items = weights_.Columns(user);
    MaskLiked(liked_items, pool_items_, pool_scores);
    Matrix liked(static_cast<Eigen::Index>(liked_items.size()), pool_.cols());
    for (std::size_t i = 0; i < liked_items.size(); ++i) {
      liked.row(static_cast<Eigen::Index>(i)) = factors_.items.row(liked_items[i]);
    }
    const Eigen::VectorXf liked_scores = liked * batch_.row(row).transpose();
    Eigen::VectorXf by_liked = Eigen::VectorXf::Zero(liked_scores.size());
    std::vector<float> by_pool(pool_scores.size(), 0);
    Random random = UserRandom(training_, number_, static_cast<std::size_t>(row));
    loss_({.liked = {liked_scores.data(), liked_items.size()},
           .weights = weights_.Values(user),
           .pool = pool_scores},
          {.liked = {by_liked.data(), liked_items.size()}, .pool = by_pool}, random);

    RowVector gradient = by_liked.transpose() * liked;
    const auto user_row = static_cast<std::uint32_t>(row);
    for (std::size_t i = 0; i < liked_items.size(); ++i) {
      gradients.push_back({liked_items[i], user_row, by_liked[static_cast<Eigen::Index>(i)], true});
    }
    for (std::size_t i = 0; i < by_pool.size(); ++i) {
      if (by_pool[i] == 0) continue;
      gradient += by_pool[i] * pool_.row(static_cast<Eigen::Index>(i));
      gradients.push_back({pool_items_[i], user_row, by_pool[i], false});
    }
    const auto vector = factors_.users.row(user);
    const auto decay = static_cast<float>(training_.decay * static_cast<double>(liked.rows()));
    user_adam_.Step(user, gradient + decay * vector, learning_rate_, factors_.users);
  }

  // The items whose number leaves `shard` as the remainder.
  void StepItems(std::size_t shard) {
    const std::vector<PairGradient> own = OfItemShard(gradients_, shard);
    for (auto begin = own.begin(); begin != own.end();) {
      const Eigen::Index item = begin->item;
      RowVector gradient = RowVector::Zero(factors_.items.cols());
      double num_likes = 0;
      for (; begin != own.end() && begin->item == item; ++begin) {
        gradient += begin->value * batch_.row(begin->row);
        num_likes += begin->is_liked ? 1 : 0;
      }
      const auto vector = factors_.items.row(item);
      const auto decay = static_cast<float>(training_.decay * num_likes);
      item_adam_.Step(item, gradient + decay * vector, learning_rate_, factors_.items);
    }
  }

  const CsrMatrix& weights_;
  const FactorSgd& training_;
  const SgdLoss& loss_;
  UserItemFactors& factors_;
  const PoolSampler sampler_;
  nn::RowAdam user_adam_;
  nn::RowAdam item_adam_;

  // Of the step:
  std::span<const std::uint32_t> users_{};
  std::uint64_t number_ = 0;
  float learning_rate_ = 0;
  std::vector<std::uint32_t> pool_items_{};           // Ascending.
  Matrix pool_{};                                     // [pool x d]
  Matrix batch_{};                                    // [users x d] from before the step
  std::vector<std::vector<PairGradient>> gradients_;  // By shard of users.
};

std::vector<std::uint32_t> UsersWhoLike(const CsrMatrix& weights) {
  std::vector<std::uint32_t> users;
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    if (!weights.Columns(user).empty()) users.push_back(static_cast<std::uint32_t>(user));
  }
  return users;
}

Matrix RandomUnless(const std::vector<bool>& is_empty, std::size_t dimensions, Random& random) {
  Matrix factors = Matrix::Zero(static_cast<Eigen::Index>(is_empty.size()),
                                static_cast<Eigen::Index>(dimensions));
  for (std::size_t row = 0; row < is_empty.size(); ++row) {
    if (is_empty[row]) continue;
    for (float& value : factors.row(static_cast<Eigen::Index>(row))) {
      value = static_cast<float>(random.Normal());
    }
  }
  return factors;
}

}  // namespace

FactorSgd ReadFactorSgd(SettingReader& reader) {
  FactorSgd training;
  training.dimensions = reader.Count("dimensions", 1, 4096);
  training.epochs = reader.Count("epochs", 1, 10'000);
  training.pool_size = reader.Count("negatives", 1, 1'000'000);
  training.popularity_power = reader.Number("popularity_power", 0, 2);
  training.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  training.start_epochs = reader.Count("start_epochs", 0, 1000);
  training.seed = reader.Count("seed", 0, SIZE_MAX);
  return training;
}

Random PoolRandom(const FactorSgd& training, std::uint64_t number) {
  return Random(training.seed, number * kStreamsPerStep);
}

Random UserRandom(const FactorSgd& training, std::uint64_t number, std::size_t row) {
  return Random(training.seed, number * kStreamsPerStep + 1 + static_cast<std::uint64_t>(row));
}

absl::StatusOr<UserItemFactors> FirstFactors(const CsrMatrix& weights, const FactorSgd& training,
                                             const TrainingContext& context) {
  UserItemFactors factors;
  if (training.start_epochs > 0) {
    IalsTraining ials{
        .dimensions = training.dimensions, .epochs = training.start_epochs, .seed = training.seed};
    ials.options.unobserved_weight = UsualUnobservedWeight(weights);
    TrainingContext silent = context;
    silent.progress = {};
    VITRINE_ASSIGN_OR_RETURN(const Matrix items, TrainIalsFactors(weights, ials, silent));
    RotatedFactors rotated = DiagonaliseGram(items, context.pool);
    factors.users = IalsHalfStep(weights, rotated, {}, ials, context);
    factors.items = std::move(rotated.factors);
  } else {
    Random random(training.seed);
    std::vector<bool> is_empty(weights.num_rows);
    for (std::size_t user = 0; user < weights.num_rows; ++user) {
      is_empty[user] = weights.Columns(user).empty();
    }
    factors.users = RandomUnless(is_empty, training.dimensions, random);
    is_empty.assign(weights.num_cols, true);
    for (const std::uint32_t item : weights.column) is_empty[item] = false;
    factors.items = RandomUnless(is_empty, training.dimensions, random);
  }
  NormalizeRows(factors.users);
  NormalizeRows(factors.items);
  return factors;
}

absl::Status RunSgd(const CsrMatrix& weights, const FactorSgd& training, const SgdStep& step,
                    std::string_view trainer, const TrainingContext& context) {
  std::vector<std::uint32_t> users = UsersWhoLike(weights);
  Random random(training.seed);
  const std::size_t num_batches =
      (users.size() + training.users_per_batch - 1) / training.users_per_batch;
  const auto num_steps = static_cast<double>(training.epochs * num_batches);
  std::uint64_t number = 0;
  for (std::size_t epoch = 0; epoch < training.epochs && num_batches > 0; ++epoch) {
    ReportProgress(context, static_cast<double>(epoch) / static_cast<double>(training.epochs));
    random.Shuffle(users);
    for (std::size_t begin = 0; begin < users.size(); begin += training.users_per_batch) {
      if (IsCancelled(context)) return Cancelled(trainer);
      const double left = 1 - static_cast<double>(number) / num_steps;
      step(
          std::span(users).subspan(begin, std::min(training.users_per_batch, users.size() - begin)),
          ++number, training.learning_rate * left);
    }
  }
  ReportProgress(context, 1);
  return absl::OkStatus();
}

absl::StatusOr<UserItemFactors> TrainBySgd(const CsrMatrix& weights, const FactorSgd& training,
                                           const SgdLoss& loss, std::string_view trainer,
                                           const TrainingContext& context) {
  ReportProgress(context, 0);
  if (IsCancelled(context)) return Cancelled(trainer);
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors factors, FirstFactors(weights, training, context));
  SgdRun run(weights, training, loss, factors);
  const auto step = [&](std::span<const std::uint32_t> users, std::uint64_t number,
                        double learning_rate) {
    run.Step(users, number, learning_rate, *context.pool);
  };
  VITRINE_RETURN_IF_ERROR(RunSgd(weights, training, step, trainer, context));
  return factors;
}

}  // namespace vitrine
