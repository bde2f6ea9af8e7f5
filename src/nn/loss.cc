#include "vitrine/nn/loss.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "nn/rows.h"
#include "nn/shards.h"

namespace vitrine::nn {

namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// log(1 + exp(x)), without overflow.
double SoftPlus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The mean over all numbers of what loss(a, b, derivative) returns.
template <typename Loss>
double MeanOverNumbers(const Matrix& a, const Matrix& b, Matrix& by_a, const Loss& loss) {
  assert(a.rows() == b.rows() && a.cols() == b.cols());
  by_a.resize(a.rows(), a.cols());
  const double scale = 1.0 / static_cast<double>(std::max<Eigen::Index>(a.size(), 1));
  double sum = 0;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    double derivative = 0;
    sum += loss(static_cast<double>(a.data()[i]), static_cast<double>(b.data()[i]), derivative);
    by_a.data()[i] = static_cast<float>(derivative * scale);
  }
  return sum * scale;
}

// The mean over pairs of what loss(positive - negative, derivative) returns.
template <typename Loss>
double MeanOverPairs(std::span<const float> positive, std::span<const float> negative,
                     const PairDerivatives& by, const Loss& loss) {
  assert(positive.size() == negative.size());
  const double scale = 1.0 / static_cast<double>(std::max<std::size_t>(positive.size(), 1));
  double sum = 0;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    double derivative = 0;
    sum += loss(static_cast<double>(positive[i]) - negative[i], derivative);
    by.positive[i] = static_cast<float>(derivative * scale);
    by.negative[i] = -by.positive[i];
  }
  return sum * scale;
}

// Takes the odds off one row of logits, and out of it what is the target in another column.
template <typename Row>
void Correct(const SampledColumns& columns, std::uint32_t target, Row&& row) {
  for (std::size_t i = 0; i < columns.log_odds.size(); ++i) {
    row[static_cast<Eigen::Index>(i)] -= columns.log_odds[i];
  }
  for (std::size_t i = 0; i < columns.items.size(); ++i) {
    if (i != target && columns.items[i] == columns.items[target]) {
      row[static_cast<Eigen::Index>(i)] = kMasked;
    }
  }
}

// How much each target of one row counts.
class TargetShares {
 public:
  TargetShares(const TargetBags& targets, std::size_t row)
      : count_(static_cast<double>(targets.begin[row + 1] - targets.begin[row])) {
    if (targets.weights.empty()) return;
    weights_ = targets.weights.subspan(targets.begin[row], static_cast<std::size_t>(count_));
    total_ = std::accumulate(weights_.begin(), weights_.end(), 0.0) / count_;
  }

  double operator[](std::size_t at) const {
    return (weights_.empty() ? 1 : static_cast<double>(weights_[at])) / count_;
  }
  double total() const { return total_; }

 private:
  double count_;
  std::span<const float> weights_{};  // Empty: all 1.
  double total_ = 1;
};

}  // namespace

double MeanSquaredError(const Matrix& predictions, const Matrix& targets, Matrix& by_predictions) {
  return MeanOverNumbers(predictions, targets, by_predictions,
                         [](double prediction, double target, double& derivative) {
                           derivative = 2 * (prediction - target);
                           return (prediction - target) * (prediction - target);
                         });
}

double BinaryCrossEntropy(const Matrix& logits, const Matrix& targets, Matrix& by_logits) {
  return MeanOverNumbers(logits, targets, by_logits,
                         [](double logit, double target, double& derivative) {
                           derivative = Sigmoid(logit) - target;
                           return SoftPlus(logit) - target * logit;
                         });
}

double SoftmaxCrossEntropy(const Matrix& logits, std::span<const std::uint32_t> targets,
                           Matrix& by_logits, ThreadPool* pool) {
  return SampledSoftmaxCrossEntropy(logits, targets, {}, by_logits, pool);
}

double SampledSoftmaxCrossEntropy(const Matrix& logits, std::span<const std::uint32_t> targets,
                                  const SampledColumns& columns, Matrix& by_logits,
                                  ThreadPool* pool) {
  assert(static_cast<std::size_t>(logits.rows()) == targets.size());
  if (&by_logits != &logits) by_logits.resize(logits.rows(), logits.cols());
  const auto num_targets =
      static_cast<double>(targets.size() - static_cast<std::size_t>(std::count(
                                               targets.begin(), targets.end(), kNoTarget)));
  const double scale = num_targets > 0 ? 1 / num_targets : 0;
  std::array<double, kMaxShards> sums{};
  ForEachRange(logits.rows(), 8 * logits.cols(), pool,
               [&](std::size_t shard, Eigen::Index begin, Eigen::Index end) {
                 for (Eigen::Index i = begin; i < end; ++i) {
                   const std::uint32_t target = targets[static_cast<std::size_t>(i)];
                   auto row = by_logits.row(i);
                   if (target == kNoTarget) {
                     row.setZero();
                     continue;
                   }
                   if (&by_logits != &logits) row = logits.row(i);
                   Correct(columns, target, row);
                   const double own = row[target];
                   sums[shard] += SoftmaxInPlace(row) - own;
                   row[target] -= 1;
                   row *= static_cast<float>(scale);
                 }
               });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum * scale;
}

double MultinomialCrossEntropy(const Matrix& logits, const TargetBags& targets,
                               std::span<const float> log_odds, Matrix& by_logits,
                               ThreadPool* pool) {
  assert(static_cast<std::size_t>(logits.rows()) + 1 == targets.begin.size());
  if (&by_logits != &logits) by_logits.resize(logits.rows(), logits.cols());
  double num_rows = 0;
  for (std::size_t r = 0; r + 1 < targets.begin.size(); ++r) {
    num_rows += targets.begin[r] < targets.begin[r + 1] ? 1 : 0;
  }
  const double scale = num_rows > 0 ? 1 / num_rows : 0;
  const Eigen::Map<const Eigen::RowVectorXf> odds(log_odds.data(),
                                                  static_cast<Eigen::Index>(log_odds.size()));
  std::array<double, kMaxShards> sums{};
  ForEachRange(logits.rows(), 8 * logits.cols(), pool,
               [&](std::size_t shard, Eigen::Index begin, Eigen::Index end) {
                 for (Eigen::Index i = begin; i < end; ++i) {
                   const auto bag = static_cast<std::size_t>(i);
                   const std::size_t first = targets.begin[bag];
                   const std::span<const std::uint32_t> own =
                       targets.columns.subspan(first, targets.begin[bag + 1] - first);
                   auto row = by_logits.row(i);
                   if (own.empty()) {
                     row.setZero();
                     continue;
                   }
                   if (&by_logits != &logits) row = logits.row(i);
                   if (odds.size() > 0) row -= odds;
                   const TargetShares shares(targets, bag);
                   double right = 0;
                   for (std::size_t at = 0; at < own.size(); ++at) {
                     right += shares[at] * static_cast<double>(row[own[at]]);
                   }
                   sums[shard] += shares.total() * SoftmaxInPlace(row) - right;
                   row *= static_cast<float>(shares.total() * scale);
                   for (std::size_t at = 0; at < own.size(); ++at) {
                     row[own[at]] -= static_cast<float>(shares[at] * scale);
                   }
                 }
               });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum * scale;
}

double BprLoss(std::span<const float> positive, std::span<const float> negative,
               const PairDerivatives& by) {
  return MeanOverPairs(positive, negative, by, [](double ahead, double& derivative) {
    derivative = -Sigmoid(-ahead);
    return SoftPlus(-ahead);
  });
}

double HingeLoss(std::span<const float> positive, std::span<const float> negative, float margin,
                 const PairDerivatives& by) {
  return MeanOverPairs(positive, negative, by, [margin](double ahead, double& derivative) {
    derivative = ahead < margin ? -1 : 0;
    return std::max(0.0, margin - ahead);
  });
}

double CosineContrastiveLoss(std::span<const float> positive, const Matrix& negatives,
                             const CosineContrast& contrast, std::span<float> by_positive,
                             Matrix& by_negatives) {
  assert(positive.size() == static_cast<std::size_t>(negatives.rows()));
  by_negatives.resize(negatives.rows(), negatives.cols());
  const double scale = 1.0 / static_cast<double>(std::max<std::size_t>(positive.size(), 1));
  const double weight = scale * contrast.negative_weight /
                        static_cast<double>(std::max<Eigen::Index>(negatives.cols(), 1));
  double sum = 0;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    sum += scale * (1.0 - static_cast<double>(positive[i]));
    by_positive[i] = static_cast<float>(-scale);
  }
  for (Eigen::Index i = 0; i < negatives.size(); ++i) {
    const double above = static_cast<double>(negatives.data()[i]) - contrast.margin;
    sum += weight * std::max(0.0, above);
    by_negatives.data()[i] = above > 0 ? static_cast<float>(weight) : 0.0F;
  }
  return sum;
}

}  // namespace vitrine::nn
