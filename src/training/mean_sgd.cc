#include "training/mean_sgd.h"

#include <cmath>
#include <utility>
#include <vector>

#include "training/sgd_parts.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/row_adam.h"

namespace vitrine {
namespace {

// Parts of a batch, of users and then of items. Part of the result; independent of the threads.
constexpr std::size_t kShards = 8;

using RowVector = Eigen::RowVectorXf;

// What the loss says of one user.
struct UserStep {
  Matrix liked{};                     // [liked x d] of length 1
  std::vector<HeldOutCosine> held{};  // [liked]
  std::vector<float> by_liked{};      // [liked] d loss / d cosine
  std::vector<float> by_pool{};       // [pool]
};

class MeanRun {
 public:
  MeanRun(const CsrMatrix& weights, const FactorSgd& training, const SgdLoss& loss, Matrix& items)
      : weights_(weights),
        training_(training),
        loss_(loss),
        items_(items),
        sampler_(weights, training.popularity_power),
        adam_(items),
        gradients_(kShards) {}

  void Step(std::span<const std::uint32_t> users, std::uint64_t number, double learning_rate,
            ThreadPool& threads) {
    users_ = users;
    number_ = number;
    learning_rate_ = static_cast<float>(learning_rate);
    Random random = PoolRandom(training_, number);
    pool_items_ = sampler_.Draw(training_.pool_size, random);
    pool_ = Directions(pool_items_);
    const auto num_users = static_cast<Eigen::Index>(users.size());
    directions_.resize(num_users, items_.cols());
    lengths_.resize(num_users);
    sum_gradients_.resize(num_users, items_.cols());
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepUsers(shard); });
    threads.ParallelFor(kShards, [this](std::size_t shard) { StepItems(shard); });
  }

 private:
  Matrix Directions(std::span<const std::uint32_t> items) const {
    Matrix directions(static_cast<Eigen::Index>(items.size()), items_.cols());
    for (std::size_t i = 0; i < items.size(); ++i) {
      directions.row(static_cast<Eigen::Index>(i)) = items_.row(items[i]).normalized();
    }
    return directions;
  }

  void StepUsers(std::size_t shard) {
    gradients_[shard].clear();
    const std::size_t begin = shard * users_.size() / kShards;
    const std::size_t end = (shard + 1) * users_.size() / kShards;
    const auto num_users = static_cast<Eigen::Index>(end - begin);
    std::vector<UserStep> steps(end - begin);
    for (std::size_t row = begin; row < end; ++row) {
      steps[row - begin].liked = Directions(weights_.Columns(users_[row]));
      SumUp(steps[row - begin].liked, row);
    }
    Matrix scores =
        directions_.middleRows(static_cast<Eigen::Index>(begin), num_users) * pool_.transpose();
    for (std::size_t row = begin; row < end; ++row) {
      const std::span<float> pool_scores(scores.row(static_cast<Eigen::Index>(row - begin)).data(),
                                         pool_items_.size());
      UserStep& step = steps[row - begin];
      AskLoss(row, pool_scores, step);
      AddGradients(row, pool_scores, step, gradients_[shard]);
    }
  }

  // Sets the user's sum from the directions of what the user likes.
  void SumUp(const Matrix& liked, std::size_t row) {
    const auto values = weights_.Values(users_[row]);
    const RowVector sum = Eigen::Map<const RowVector>(values.data(), liked.rows()) * liked;
    lengths_[static_cast<Eigen::Index>(row)] = sum.norm();
    directions_.row(static_cast<Eigen::Index>(row)) = sum.normalized();
  }

  // `pool_scores` become -infinity where the user likes the item.
  void AskLoss(std::size_t row, std::span<float> pool_scores, UserStep& step) const {
    const std::uint32_t user = users_[row];
    MaskLiked(weights_.Columns(user), pool_items_, pool_scores);
    const auto values = weights_.Values(user);
    const float length = lengths_[static_cast<Eigen::Index>(row)];
    const Eigen::VectorXf products =
        length * (step.liked * directions_.row(static_cast<Eigen::Index>(row)).transpose());
    std::vector<float> cosines;
    for (std::size_t i = 0; i < values.size(); ++i) {
      step.held.push_back(
          HoldOut(products[static_cast<Eigen::Index>(i)], length * length, values[i]));
      cosines.push_back(step.held.back().cosine);
    }
    step.by_liked.assign(values.size(), 0);
    step.by_pool.assign(pool_scores.size(), 0);
    Random random = UserRandom(training_, number_, row);
    loss_({.liked = cosines, .weights = values, .pool = pool_scores},
          {.liked = step.by_liked, .pool = step.by_pool}, random);
  }

  void AddGradients(std::size_t row, std::span<const float> pool_scores, const UserStep& step,
                    std::vector<PairGradient>& gradients) {
    const auto liked_items = weights_.Columns(users_[row]);
    const auto values = weights_.Values(users_[row]);
    const auto direction = directions_.row(static_cast<Eigen::Index>(row));
    const float length = lengths_[static_cast<Eigen::Index>(row)];
    const auto as_target = static_cast<std::uint32_t>(row);
    const auto as_part = static_cast<std::uint32_t>(row + users_.size());
    RowVector by_sum = RowVector::Zero(direction.size());
    float by_square = 0;
    for (std::size_t i = 0; i < liked_items.size(); ++i) {
      const float by_product = step.by_liked[i] * step.held[i].by_product;
      by_square += step.by_liked[i] * step.held[i].by_square;
      by_sum += by_product * step.liked.row(static_cast<Eigen::Index>(i));
      gradients.push_back({liked_items[i], as_target, by_product * length, true});
      gradients.push_back({liked_items[i], as_part, values[i], true});
    }
    by_sum += 2 * by_square * length * direction;
    if (length > 0) {
      RowVector by_direction = RowVector::Zero(direction.size());
      float along = 0;
      for (std::size_t j = 0; j < step.by_pool.size(); ++j) {
        if (step.by_pool[j] == 0) continue;
        by_direction += step.by_pool[j] * pool_.row(static_cast<Eigen::Index>(j));
        along += step.by_pool[j] * pool_scores[j];
        gradients.push_back({pool_items_[j], as_target, step.by_pool[j], false});
      }
      by_sum += (by_direction - along * direction) / length;
    }
    sum_gradients_.row(static_cast<Eigen::Index>(row)) = by_sum;
  }

  // The items whose number leaves `shard` as the remainder.
  void StepItems(std::size_t shard) {
    const std::vector<PairGradient> own = OfItemShard(gradients_, shard);
    for (auto begin = own.begin(); begin != own.end();) {
      const Eigen::Index item = begin->item;
      RowVector gradient = RowVector::Zero(items_.cols());
      for (; begin != own.end() && begin->item == item; ++begin) {
        const bool is_part = begin->row >= users_.size();
        gradient += begin->value * (is_part ? sum_gradients_.row(begin->row - users_.size())
                                            : directions_.row(begin->row));
      }
      // By the direction so far; a longer vector turns less.
      const float length = items_.row(item).norm();
      const RowVector direction = items_.row(item) / length;
      adam_.Step(item, (gradient - gradient.dot(direction) * direction) / length, learning_rate_,
                 items_);
    }
  }

  const CsrMatrix& weights_;
  const FactorSgd& training_;
  const SgdLoss& loss_;
  Matrix& items_;  // [items x d]
  const PoolSampler sampler_;
  nn::RowAdam adam_;

  // Of the step, all from before it:
  std::span<const std::uint32_t> users_{};
  std::uint64_t number_ = 0;
  float learning_rate_ = 0;
  std::vector<std::uint32_t> pool_items_{};  // Ascending.
  Matrix pool_{};                            // [pool x d] of length 1
  Matrix directions_{};                      // [users x d] s / |s|
  Eigen::VectorXf lengths_{};                // [users] |s|
  Matrix sum_gradients_{};                   // [users x d] d loss / d s
  // By shard of users. A row of a gradient is one of directions_, then of sum_gradients_.
  std::vector<std::vector<PairGradient>> gradients_;
};

}  // namespace

HeldOutCosine HoldOut(float product, float square, float weight) {
  const float left_product = product - weight;
  const float left_square = square - 2 * weight * product + weight * weight;
  // Without another term the difference is rounding.
  if (left_square < 1e-3F * weight * weight) return {};
  const float left_length = std::sqrt(left_square);
  const float cubed = left_length * left_square;
  return {.cosine = left_product / left_length,
          .by_product = 1 / left_length + left_product * weight / cubed,
          .by_square = -left_product / (2 * cubed)};
}

absl::StatusOr<Matrix> TrainMeansBySgd(const CsrMatrix& weights, const FactorSgd& training,
                                       const SgdLoss& loss, std::string_view trainer,
                                       const TrainingContext& context) {
  ReportProgress(context, 0);
  if (IsCancelled(context)) return Cancelled(trainer);
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors factors, FirstFactors(weights, training, context));
  MeanRun run(weights, training, loss, factors.items);
  const auto step = [&](std::span<const std::uint32_t> users, std::uint64_t number,
                        double learning_rate) {
    run.Step(users, number, learning_rate, *context.pool);
  };
  VITRINE_RETURN_IF_ERROR(RunSgd(weights, training, step, trainer, context));
  return std::move(factors.items);
}

}  // namespace vitrine
