#include "training/factor_sgd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "training/ials_trainer.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"

namespace vitrine {
namespace {

// Parts of a batch, of users and then of items. Part of the result; independent of the threads.
constexpr std::size_t kShards = 8;

// Streams of random numbers: 0 for the order of users, and for step n, which counts from 1, those
// from n * kStreamsPerStep on: one for the pool, then one for each user.
constexpr std::uint64_t kStreamsPerStep = 1 << 20;

using Row = Eigen::RowVectorXf;

// Adam's state for the rows of one matrix.
class RowAdam {
 public:
  explicit RowAdam(const Matrix& values)
      : first_(Matrix::Zero(values.rows(), values.cols())),
        second_(Matrix::Zero(values.rows(), values.cols())),
        num_steps_(static_cast<std::size_t>(values.rows()), 0) {}

  void Step(Eigen::Index row, const Row& gradient, float learning_rate, Matrix& values) {
    constexpr float kFirstDecay = 0.9F;
    constexpr float kSecondDecay = 0.999F;
    constexpr float kTiny = 1e-8F;
    const auto num_steps = static_cast<float>(++num_steps_[static_cast<std::size_t>(row)]);
    auto first = first_.row(row).array();
    auto second = second_.row(row).array();
    first = kFirstDecay * first + (1 - kFirstDecay) * gradient.array();
    second = kSecondDecay * second + (1 - kSecondDecay) * gradient.array().square();
    const float rate = learning_rate / (1 - std::pow(kFirstDecay, num_steps));
    const float scale = 1 / (1 - std::pow(kSecondDecay, num_steps));
    values.row(row).array() -= rate * first / ((scale * second).sqrt() + kTiny);
  }

 private:
  Matrix first_;   // Running mean of the gradients.
  Matrix second_;  // Of their squares.
  std::vector<std::uint32_t> num_steps_;
};

// Draws pools of items that somebody likes.
class PoolSampler {
 public:
  PoolSampler(const CsrMatrix& weights, double popularity_power) {
    std::vector<double> counts(weights.num_cols, 0);
    for (const std::uint32_t item : weights.column) ++counts[item];
    double total = 0;
    for (std::size_t item = 0; item < counts.size(); ++item) {
      if (counts[item] == 0) continue;
      total += std::pow(counts[item], popularity_power);
      items_.push_back(static_cast<std::uint32_t>(item));
      totals_.push_back(total);
    }
  }

  // Distinct items, ascending. REQUIRES: somebody likes something
  std::vector<std::uint32_t> Draw(std::size_t num_draws, Random& random) const {
    std::vector<std::uint32_t> pool(num_draws);
    for (std::uint32_t& item : pool) {
      const double goal = random.Uniform() * totals_.back();
      const auto place = std::upper_bound(totals_.begin(), totals_.end() - 1, goal);
      item = items_[static_cast<std::size_t>(place - totals_.begin())];
    }
    std::sort(pool.begin(), pool.end());
    pool.erase(std::unique(pool.begin(), pool.end()), pool.end());
    return pool;
  }

 private:
  std::vector<std::uint32_t> items_;
  std::vector<double> totals_;  // Sums of the odds up to each of items_.
};

// d loss / d score of one user of the batch with one item.
struct PairGradient {
  std::uint32_t item = 0;
  std::uint32_t user_row = 0;  // Within the batch.
  float value = 0;
  bool is_liked = false;
};

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
    Random random(training_.seed, number * kStreamsPerStep);
    pool_items_ = sampler_.Draw(training_.pool_size, random);
    pool_.resize(static_cast<Eigen::Index>(pool_items_.size()), factors_.items.cols());
    for (std::size_t i = 0; i < pool_items_.size(); ++i) {
      CopyScaled(factors_.items, pool_items_[i], pool_, static_cast<Eigen::Index>(i));
    }
    batch_.resize(static_cast<Eigen::Index>(users.size()), factors_.users.cols());
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepUsers(shard); });
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepItems(shard); });
  }

 private:
  // Sets a row to what products are made of: the vector, or its direction.
  void CopyScaled(const Matrix& from, Eigen::Index from_row, Matrix& to,
                  Eigen::Index to_row) const {
    to.row(to_row) = from.row(from_row);
    if (training_.is_cosine) to.row(to_row).normalize();
  }

  // Turns the gradient by the scaled vector into that by the vector.
  template <typename Vector>
  Row Unscaled(const Row& gradient, const Vector& vector) const {
    if (!training_.is_cosine) return gradient;
    const float length = vector.norm();
    if (length == 0) return gradient;
    const Row direction = vector / length;
    return (gradient - gradient.dot(direction) * direction) / length;
  }

  void StepUsers(std::size_t shard) {
    gradients_[shard].clear();
    const auto begin = static_cast<Eigen::Index>(shard * users_.size() / kShards);
    const auto end = static_cast<Eigen::Index>((shard + 1) * users_.size() / kShards);
    for (Eigen::Index row = begin; row < end; ++row) {
      CopyScaled(factors_.users, users_[static_cast<std::size_t>(row)], batch_, row);
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
    Mask(liked_items, pool_scores);
    Matrix liked(static_cast<Eigen::Index>(liked_items.size()), pool_.cols());
    for (std::size_t i = 0; i < liked_items.size(); ++i) {
      CopyScaled(factors_.items, liked_items[i], liked, static_cast<Eigen::Index>(i));
    }
    const Eigen::VectorXf liked_scores = liked * batch_.row(row).transpose();
    Eigen::VectorXf by_liked = Eigen::VectorXf::Zero(liked_scores.size());
    std::vector<float> by_pool(pool_scores.size(), 0);
    Random random(training_.seed, number_ * kStreamsPerStep + 1 + static_cast<std::uint64_t>(row));
    loss_({.liked = {liked_scores.data(), liked_items.size()},
           .weights = weights_.Values(user),
           .pool = pool_scores},
          {.liked = {by_liked.data(), liked_items.size()}, .pool = by_pool}, random);

    Row gradient = by_liked.transpose() * liked;
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
    user_adam_.Step(user, Unscaled(gradient, vector) + decay * vector, learning_rate_,
                    factors_.users);
  }

  // Items of the pool that are liked are no negatives.
  void Mask(std::span<const std::uint32_t> liked_items, std::span<float> pool_scores) const {
    auto place = pool_items_.begin();
    for (const std::uint32_t item : liked_items) {
      place = std::lower_bound(place, pool_items_.end(), item);
      if (place == pool_items_.end()) return;
      if (*place != item) continue;
      pool_scores[static_cast<std::size_t>(place - pool_items_.begin())] =
          -std::numeric_limits<float>::infinity();
    }
  }

  // The items whose number leaves `shard` as the remainder.
  void StepItems(std::size_t shard) {
    std::vector<PairGradient> own;
    for (const std::vector<PairGradient>& of_shard : gradients_) {
      for (const PairGradient& each : of_shard) {
        if (each.item % kShards == shard) own.push_back(each);
      }
    }
    std::stable_sort(own.begin(), own.end(),
                     [](const PairGradient& a, const PairGradient& b) { return a.item < b.item; });
    for (auto begin = own.begin(); begin != own.end();) {
      const Eigen::Index item = begin->item;
      Row gradient = Row::Zero(factors_.items.cols());
      double num_likes = 0;
      for (; begin != own.end() && begin->item == item; ++begin) {
        gradient += begin->value * batch_.row(begin->user_row);
        num_likes += begin->is_liked ? 1 : 0;
      }
      const auto vector = factors_.items.row(item);
      const auto decay = static_cast<float>(training_.decay * num_likes);
      item_adam_.Step(item, Unscaled(gradient, vector) + decay * vector, learning_rate_,
                      factors_.items);
    }
  }

  const CsrMatrix& weights_;
  const FactorSgd& training_;
  const SgdLoss& loss_;
  UserItemFactors& factors_;
  const PoolSampler sampler_;
  RowAdam user_adam_;
  RowAdam item_adam_;

  // Of the step:
  std::span<const std::uint32_t> users_{};
  std::uint64_t number_ = 0;
  float learning_rate_ = 0;
  std::vector<std::uint32_t> pool_items_{};           // Ascending.
  Matrix pool_{};                                     // [pool x d] scaled
  Matrix batch_{};                                    // [users x d] scaled, from before the step
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

// Vectors of length 1, zero where there are no likes.
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

absl::StatusOr<UserItemFactors> TrainBySgd(const CsrMatrix& weights, const FactorSgd& training,
                                           const SgdLoss& loss, std::string_view trainer,
                                           const TrainingContext& context) {
  ReportProgress(context, 0);
  if (IsCancelled(context)) return Cancelled(trainer);
  std::vector<std::uint32_t> users = UsersWhoLike(weights);
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors factors, FirstFactors(weights, training, context));
  SgdRun run(weights, training, loss, factors);
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
      run.Step(
          std::span(users).subspan(begin, std::min(training.users_per_batch, users.size() - begin)),
          ++number, training.learning_rate * left, *context.pool);
    }
  }
  ReportProgress(context, 1);
  return factors;
}

}  // namespace vitrine
