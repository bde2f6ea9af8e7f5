#include "training/fold_in_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "training/sgd_parts.h"
#include "vitrine/math/sparse_product.h"
#include "vitrine/nn/product.h"

namespace vitrine {

namespace {

constexpr std::size_t kShardUsers = 16;

// Calls body(row) for each of `count` rows.
template <typename Body>
void ForEachUser(std::size_t count, ThreadPool* pool, const Body& body) {
  const auto shard_users = [&](std::size_t shard) {
    const std::size_t end = std::min(count, (shard + 1) * kShardUsers);
    for (std::size_t row = shard * kShardUsers; row < end; ++row) body(row);
  };
  const std::size_t num_shards = (count + kShardUsers - 1) / kShardUsers;
  if (pool != nullptr) {
    pool->ParallelFor(num_shards, std::cref(shard_users));
  } else {
    for (std::size_t shard = 0; shard < num_shards; ++shard) shard_users(shard);
  }
}

}  // namespace

SgdLoss MakeCosineSoftmaxLoss(double temperature, std::size_t num_items) {
  const auto sharpness = static_cast<float>(1 / temperature);
  return [sharpness, num_items](const SgdScores& scores, const SgdGradients& gradients, Random&) {
    using Array = Eigen::Map<Eigen::ArrayXf>;
    const auto size = static_cast<Eigen::Index>(scores.pool.size());
    const Eigen::Map<const Eigen::ArrayXf> pool(scores.pool.data(), size);
    if (size == 0 || !std::isfinite(pool.maxCoeff())) return 0.0;
    const float largest = pool.maxCoeff();
    const Eigen::ArrayXf shares = ((pool - largest) * sharpness).exp();
    const auto total = static_cast<double>(shares.sum());
    const double log_pool =
        static_cast<double>(largest * sharpness) +
        std::log(total * static_cast<double>(num_items) / static_cast<double>(scores.pool.size()));
    double sum = 0;
    double by_log_pool = 0;
    for (std::size_t i = 0; i < scores.liked.size(); ++i) {
      const double behind = log_pool - static_cast<double>(scores.liked[i] * sharpness);
      const auto weight = static_cast<double>(scores.weights[i]);
      sum += weight * (std::max(behind, 0.0) + std::log1p(std::exp(-std::abs(behind))));
      const double slope = weight / (1 + std::exp(-behind));
      gradients.liked[i] -= static_cast<float>(slope) * sharpness;
      by_log_pool += slope;
    }
    Array(gradients.pool.data(), size) +=
        static_cast<float>(by_log_pool / total) * sharpness * shares;
    return sum;
  };
}

double FoldInLoss::Compute(std::span<const std::uint32_t> users,
                           std::span<const std::uint32_t> pool_items, const Matrix& items,
                           const SgdLoss& loss, std::uint64_t seed, Matrix& by_items) {
  users_ = users;
  pool_items_ = pool_items;
  FoldIn(items);
  TakePool(items);
  scores_.resize(directions_.rows(), pool_directions_.rows());
  nn::ProductWithTransposed(directions_, pool_directions_, nn::Into::kSet, scores_, pool_);
  by_scores_.setZero(scores_.rows(), scores_.cols());
  std::vector<double> losses(users.size());
  ForEachUser(users.size(), pool_,
              [&](std::size_t row) { losses[row] = AskLoss(row, items, loss, Random(seed, row)); });
  by_directions_.resize(directions_.rows(), directions_.cols());
  nn::Product(by_scores_, pool_directions_, nn::Into::kSet, by_directions_, pool_);
  by_pool_.resize(pool_directions_.rows(), pool_directions_.cols());
  nn::ProductOfTransposed(by_scores_, directions_, nn::Into::kSet, by_pool_, pool_);
  ForEachUser(users.size(), pool_, [&](std::size_t row) { BackToUser(row, items); });
  BackToItems(items, by_items);
  return static_cast<double>(scale_) * std::accumulate(losses.begin(), losses.end(), 0.0);
}

// Sets x_u, its length and direction, and the pairs' places.
void FoldInLoss::FoldIn(const Matrix& items) {
  const auto num_users = static_cast<Eigen::Index>(users_.size());
  panel_.setZero(2 * num_users, items.cols());
  directions_.resize(num_users, items.cols());
  lengths_.resize(num_users);
  by_own_lengths_.resize(num_users);
  pairs_.num_rows = 2 * users_.size();
  pairs_.num_cols = weights_.num_cols;
  pairs_.row_begin.assign(1, 0);
  pairs_.column.clear();
  pairs_.value.clear();
  double total = 0;
  for (const bool is_second : {false, true}) {
    for (const std::uint32_t user : users_) {
      const auto columns = pulls_.Columns(user);
      const auto values = pulls_.Values(user);
      pairs_.column.insert(pairs_.column.end(), columns.begin(), columns.end());
      pairs_.value.insert(pairs_.value.end(), values.begin(), values.end());
      pairs_.row_begin.push_back(pairs_.column.size());
      const auto weights = weights_.Values(user);
      if (!is_second) total = std::accumulate(weights.begin(), weights.end(), total);
    }
  }
  own_.assign(pairs_.column.size() / 2, 0);
  scale_ = total > 0 ? static_cast<float>(1 / total) : 0;
  ForEachUser(users_.size(), pool_, [&](std::size_t row) {
    const auto at = static_cast<Eigen::Index>(row);
    const auto columns = pairs_.Columns(row);
    const auto values = pairs_.Values(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      panel_.row(at) += values[i] * items.row(columns[i]);
    }
    lengths_[at] = panel_.row(at).norm();
    directions_.row(at) = panel_.row(at).normalized();
  });
}

void FoldInLoss::TakePool(const Matrix& items) {
  pool_directions_.resize(static_cast<Eigen::Index>(pool_items_.size()), items.cols());
  pool_lengths_.resize(pool_directions_.rows());
  for (std::size_t i = 0; i < pool_items_.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    pool_lengths_[at] = items.row(pool_items_[i]).norm();
    pool_directions_.row(at) = items.row(pool_items_[i]).normalized();
  }
}

// With s = x_u, s' = s - c z, and g the loss's derivative by cos(s', z):
//   to z        g s' / (|s'| |z|) - g cos z / |z|^2
//   to s', h    g z / (|s'| |z|) - g cos s' / |s'|^2,  which every other part of s' gets c_j times
// Sorted by what is multiplied: the item gets a s + b z + c G of it, G being the user's whole
// derivative, sum of h and of the pool's; and s gets a z - g cos / |s'|^2 s.
double FoldInLoss::AskLoss(std::size_t row, const Matrix& items, const SgdLoss& loss,
                           Random random) {
  const std::uint32_t user = users_[row];
  const auto at = static_cast<Eigen::Index>(row);
  const auto columns = pulls_.Columns(user);
  const auto pulls = pulls_.Values(user);
  const std::span<float> pool_scores(scores_.row(at).data(), pool_items_.size());
  MaskLiked(columns, pool_items_, pool_scores);
  std::vector<float> cosines(columns.size(), 0);
  std::vector<float> left_lengths(columns.size(), 0);
  std::vector<float> item_lengths(columns.size(), 0);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto z = items.row(columns[i]);
    const float product = panel_.row(at).dot(z);
    const float square = z.squaredNorm();
    const float c = pulls[i];
    const float left_square = lengths_[at] * lengths_[at] - 2 * c * product + c * c * square;
    // Without another term the difference is rounding.
    if (!(left_square >= 1e-3F * c * c * square) || square == 0 || left_square == 0) continue;
    left_lengths[i] = std::sqrt(left_square);
    item_lengths[i] = std::sqrt(square);
    cosines[i] = (product - c * square) / (left_lengths[i] * item_lengths[i]);
  }
  std::vector<float> by_cosines(columns.size(), 0);
  const double sum =
      loss({.liked = cosines, .weights = weights_.Values(user), .pool = pool_scores},
           {.liked = by_cosines, .pool = {by_scores_.row(at).data(), pool_items_.size()}}, random);
  by_scores_.row(at) *= scale_;
  by_own_lengths_[at] = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t pair = pairs_.row_begin[row] + i;
    pairs_.value[pair] = 0;
    if (left_lengths[i] == 0) continue;
    const float g = scale_ * by_cosines[i];
    const float c = pulls[i];
    const float by_product = g / (left_lengths[i] * item_lengths[i]);
    const float by_left = g * cosines[i] / (left_lengths[i] * left_lengths[i]);
    const float by_item = g * cosines[i] / (item_lengths[i] * item_lengths[i]);
    pairs_.value[pair] = by_product + c * by_left;
    own_[pair] = -(2 * c * by_product + by_item + c * c * by_left);
    by_own_lengths_[at] -= by_left;
  }
  return sum;
}

void FoldInLoss::BackToUser(std::size_t row, const Matrix& items) {
  const auto at = static_cast<Eigen::Index>(row);
  auto by_user = panel_.row(static_cast<Eigen::Index>(users_.size() + row));
  by_user = by_own_lengths_[at] * panel_.row(at);
  const auto columns = pairs_.Columns(row);
  const auto values = pairs_.Values(row);
  for (std::size_t i = 0; i < columns.size(); ++i) by_user += values[i] * items.row(columns[i]);
  if (lengths_[at] == 0) return;
  const auto direction = directions_.row(at);
  const auto by_direction = by_directions_.row(at);
  by_user += (by_direction - by_direction.dot(direction) * direction) / lengths_[at];
}

void FoldInLoss::BackToItems(const Matrix& items, Matrix& by_items) {
  MultiplyInto(Transpose(pairs_), panel_, pool_, by_items);
  for (std::size_t pair = 0; pair < own_.size(); ++pair) {
    by_items.row(pairs_.column[pair]) += own_[pair] * items.row(pairs_.column[pair]);
  }
  for (std::size_t i = 0; i < pool_items_.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    if (pool_lengths_[at] == 0) continue;
    const auto direction = pool_directions_.row(at);
    by_items.row(pool_items_[i]) +=
        (by_pool_.row(at) - by_pool_.row(at).dot(direction) * direction) / pool_lengths_[at];
  }
}

}  // namespace vitrine
