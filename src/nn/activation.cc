#include "vitrine/nn/activation.h"

#include <cmath>
#include <numbers>

#include "nn/rows.h"
#include "nn/shards.h"

namespace vitrine::nn {

namespace {

// Of exp and the like, in multiplications: they are worth more threads.
constexpr Eigen::Index kCostOfExp = 8;

constexpr auto kHalfRoot = static_cast<float>(1 / std::numbers::sqrt2);
constexpr auto kNormalDensityAtZero =
    static_cast<float>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);

// The normal distribution function of x, given exp(-x² / 2): Abramowitz, Stegun, 1964, 7.1.26, good
// to 1.5e-7. Arithmetic alone, so that a loop of it runs many numbers wide, where std::erf does
// one.
inline float NormalDistribution(float x, float exponential) {
  const float t = 1 / (1 + 0.3275911F * kHalfRoot * std::abs(x));
  const float sum =
      0.254829592F +
      t * (-0.284496736F + t * (1.421413741F + t * (-1.453152027F + t * 1.061405429F)));
  const float tail = 0.5F * t * sum * exponential;
  return x < 0 ? tail : 1 - tail;
}

// Rows of x, times their normal distribution.
template <typename X, typename Y>
void Gelu(const X& x, Y& y) {
  y = (-0.5F * x.square()).exp();
  float* const to = y.data();
  const float* const from = x.data();
  for (Eigen::Index i = 0; i < x.size(); ++i) to[i] = from[i] * NormalDistribution(from[i], to[i]);
}

template <typename X, typename ByY, typename ByX>
void GeluBackward(const X& x, const ByY& by_y, ByX& by_x) {
  by_x = (-0.5F * x.square()).exp();
  float* const to = by_x.data();
  const float* const by = by_y.data();
  const float* const from = x.data();
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const float slope = NormalDistribution(from[i], to[i]) + from[i] * kNormalDensityAtZero * to[i];
    to[i] = by[i] * slope;
  }
}

}  // namespace

const Matrix& Activation::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  cache.output.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), kCostOfExp * input.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                const auto x = input.middleRows(begin, end - begin).array();
                auto y = cache.output.middleRows(begin, end - begin).array();
                switch (kind) {
                  case ActivationKind::kIdentity:
                    y = x;
                    break;
                  case ActivationKind::kRelu:
                    // Not max(0), which makes zero of what is no number and so hides it.
                    y = x.unaryExpr([](float value) { return value < 0 ? 0.0F : value; });
                    break;
                  case ActivationKind::kGelu:
                    Gelu(x, y);
                    break;
                  case ActivationKind::kSigmoid:
                    y = x.logistic();
                    break;
                  case ActivationKind::kTanh:
                    y = x.tanh();
                    break;
                }
              });
  return cache.output;
}

const Matrix& Activation::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                   const Pass& pass) const {
  cache.by_input.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), kCostOfExp * input.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                const auto x = input.middleRows(begin, end - begin).array();
                const auto y = cache.output.middleRows(begin, end - begin).array();
                const auto by_y = by_output.middleRows(begin, end - begin).array();
                auto by_x = cache.by_input.middleRows(begin, end - begin).array();
                switch (kind) {
                  case ActivationKind::kIdentity:
                    by_x = by_y;
                    break;
                  case ActivationKind::kRelu:
                    by_x = (x > 0).select(by_y, 0);
                    break;
                  case ActivationKind::kGelu:
                    GeluBackward(x, by_y, by_x);
                    break;
                  case ActivationKind::kSigmoid:
                    by_x = by_y * y * (1 - y);
                    break;
                  case ActivationKind::kTanh:
                    by_x = by_y * (1 - y.square());
                    break;
                }
              });
  return cache.by_input;
}

const Matrix& Softmax::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  cache.output.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), kCostOfExp * input.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index row = begin; row < end; ++row) {
                  cache.output.row(row) = input.row(row);
                  SoftmaxInPlace(cache.output.row(row));
                }
              });
  return cache.output;
}

const Matrix& Softmax::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                const Pass& pass) const {
  cache.by_input.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), input.cols(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index row = begin; row < end; ++row) {
      cache.by_input.row(row) = by_output.row(row);
      SoftmaxBackwardInPlace(cache.output.row(row), cache.by_input.row(row));
    }
  });
  return cache.by_input;
}

const Matrix& UnitLength::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  cache.output.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), input.cols(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index row = begin; row < end; ++row) {
      const float length = input.row(row).norm();
      cache.output.row(row) = input.row(row) * (length > 0 ? 1 / length : 0.0F);
    }
  });
  return cache.output;
}

const Matrix& UnitLength::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                   const Pass& pass) const {
  cache.by_input.resize(input.rows(), input.cols());
  ForEachRows(input.rows(), input.cols(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index row = begin; row < end; ++row) {
      const float length = input.row(row).norm();
      const auto unit = cache.output.row(row);
      const float along = unit.dot(by_output.row(row));
      const float scale = length > 0 ? 1 / length : 0;
      cache.by_input.row(row) = (by_output.row(row) - along * unit) * scale;
    }
  });
  return cache.by_input;
}

}  // namespace vitrine::nn
