#include "training/graph_filter.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "vitrine/math/sparse_product.h"

namespace vitrine {

namespace {

std::vector<double> ColumnSums(const CsrMatrix& matrix) {
  std::vector<double> sums(matrix.num_cols, 0);
  for (std::size_t i = 0; i < matrix.num_entries(); ++i) sums[matrix.column[i]] += matrix.value[i];
  return sums;
}

}  // namespace

CsrMatrix NormaliseInteractions(const CsrMatrix& interactions, double user_exponent,
                                double item_exponent) {
  CsrMatrix normalised = interactions;
  std::vector<double> item_factors = ColumnSums(interactions);
  for (double& factor : item_factors) factor = std::pow(factor, -item_exponent);
  for (std::size_t user = 0; user < interactions.num_rows; ++user) {
    double sum = 0;
    for (const float value : interactions.Values(user)) sum += value;
    const double user_factor = std::pow(sum, -user_exponent);
    for (std::uint64_t i = interactions.row_begin[user]; i < interactions.row_begin[user + 1];
         ++i) {
      normalised.value[i] = static_cast<float>(user_factor * interactions.value[i] *
                                               item_factors[interactions.column[i]]);
    }
  }
  return normalised;
}

GraphFilter::GraphFilter(const CsrMatrix& interactions, const GraphFilterOptions& options,
                         ThreadPool* pool)
    : options_(options),
      by_user_(NormaliseInteractions(interactions, 0.5, 0.5)),
      by_item_(Transpose(by_user_)) {
  const std::vector<double> sums = ColumnSums(interactions);
  roots_ = Eigen::Map<const Eigen::VectorXd>(sums.data(), static_cast<Eigen::Index>(sums.size()))
               .cwiseSqrt()
               .cast<float>();
  inverse_roots_ = (roots_.array() > 0).select(roots_.cwiseInverse(), 0.0F);
  SvdOptions svd = options.svd;
  if (options.low_pass_weight == 0) svd.rank = 0;
  vectors_ = TruncatedSvd(by_user_, svd, pool).vectors;
}

Matrix GraphFilter::Blur(const Matrix& panel) const {
  return Multiply(by_item_, Multiply(by_user_, panel, nullptr), nullptr);
}

Matrix GraphFilter::Sharpen(const Matrix& panel) const {
  if (options_.sharpening_time == 0) return panel;
  Matrix sharpened = panel;
  for (int order = 4; order >= 1; --order) {
    sharpened = panel - static_cast<float>(options_.sharpening_time / order) * Blur(sharpened);
  }
  return sharpened;
}

Matrix GraphFilter::LowPass(const Eigen::VectorXf& before, const Matrix& panel,
                            const Eigen::VectorXf& after) const {
  const Matrix scaled = before.asDiagonal() * panel;
  const Matrix passed = vectors_.transpose() * scaled;
  const auto weight = static_cast<float>(options_.low_pass_weight);
  Matrix result = vectors_ * passed;
  result.array().colwise() *= weight * after.array();
  return result;
}

Matrix GraphFilter::Scores(const Matrix& weights) const {
  return Sharpen(Blur(weights) + LowPass(inverse_roots_, weights, roots_));
}

Matrix GraphFilter::Columns(std::size_t first, std::size_t count) const {
  Matrix units =
      Matrix::Zero(static_cast<Eigen::Index>(num_items()), static_cast<Eigen::Index>(count));
  for (std::size_t i = 0; i < count; ++i) {
    units(static_cast<Eigen::Index>(first + i), static_cast<Eigen::Index>(i)) = 1;
  }
  const Matrix sharpened = Sharpen(units);
  return Blur(sharpened) + LowPass(roots_, sharpened, inverse_roots_);
}

}  // namespace vitrine
