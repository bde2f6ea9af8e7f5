#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine::nn {

// Losses. Each returns a mean, in double, and writes its derivatives, of the shape of what they are
// by. Results that are overwritten may be the very matrix that is read.

// Mean over all numbers of (prediction - target)².
double MeanSquaredError(const Matrix& predictions, const Matrix& targets, Matrix& by_predictions);

// Mean over all numbers of the binary cross-entropy of sigmoid(logit) and a target in [0, 1].
double BinaryCrossEntropy(const Matrix& logits, const Matrix& targets, Matrix& by_logits);

// A row without one costs nothing and has no gradient, such as padding.
inline constexpr std::uint32_t kNoTarget = UINT32_MAX;

// Mean over the rows with a target, `targets` [rows], of -log softmax(logits)[target]. A logit of
// -infinity is out of the race. `pool` may be null.
double SoftmaxCrossEntropy(const Matrix& logits, std::span<const std::uint32_t> targets,
                           Matrix& by_logits, ThreadPool* pool);

// What the columns of sampled logits are.
struct SampledColumns {
  // [columns] The item of each: where a row has the item of its target in another column too, that
  // is no negative of it. Empty: all differ.
  std::span<const std::uint32_t> items{};
  // [columns] The logarithm of the odds that the item is drawn, which is taken off its logits, so
  // that what is drawn often is not pushed down for that (Bengio, Senecal, 2008; Yi et al., RecSys
  // 2019). Empty: all the same.
  std::span<const float> log_odds{};
};

// Softmax cross-entropy over few columns in the place of all: items drawn for the batch, or the
// batch's own targets, `targets` then counting 0, 1, 2 and so on.
double SampledSoftmaxCrossEntropy(const Matrix& logits, std::span<const std::uint32_t> targets,
                                  const SampledColumns& columns, Matrix& by_logits,
                                  ThreadPool* pool);

// Rows with several right columns each: row r has columns[begin[r]] to columns[begin[r + 1] - 1].
struct TargetBags {
  std::span<const std::size_t> begin{};      // [rows + 1]
  std::span<const std::uint32_t> columns{};  // Distinct within a row.
  std::span<const float> weights{};          // Of each column, or empty: all 1.
};

// Mean over the rows with a target of the mean over its targets of
// -weight log softmax(logits)[target]: the multinomial likelihood (Liang et al., WWW 2018,
// equation 2). `log_odds` [columns] is taken
// off the logits as in SampledColumns; empty: nothing is. A logit of -infinity is out of the race.
// `pool` may be null.
double MultinomialCrossEntropy(const Matrix& logits, const TargetBags& targets,
                               std::span<const float> log_odds, Matrix& by_logits,
                               ThreadPool* pool);

// The derivatives by the scores of pairs, [pairs] both.
struct PairDerivatives {
  std::span<float> positive{};
  std::span<float> negative{};
};

// Mean of -log sigmoid(positive - negative) (Rendle et al., UAI 2009, equation 4). [pairs] both.
double BprLoss(std::span<const float> positive, std::span<const float> negative,
               const PairDerivatives& by);

// Mean of max(0, margin - (positive - negative)).
double HingeLoss(std::span<const float> positive, std::span<const float> negative, float margin,
                 const PairDerivatives& by);

struct CosineContrast {
  float margin = 0.5F;           // Negatives less alike cost nothing.
  float negative_weight = 1.0F;  // Of the mean over the negatives.
};

// Mean over the rows of 1 - positive + weight / negatives sum max(0, negative - margin) (Mao et
// al., SimpleX, CIKM 2021, equation 1). `positive` [rows], `negatives` [rows x negatives]: cosines.
double CosineContrastiveLoss(std::span<const float> positive, const Matrix& negatives,
                             const CosineContrast& contrast, std::span<float> by_positive,
                             Matrix& by_negatives);

}  // namespace vitrine::nn
