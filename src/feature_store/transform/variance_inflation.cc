#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/selection.h"

namespace vitrine {

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// Columns of mean 0 and length 1, those of constants left out.
struct Standardised {
  Eigen::MatrixXd columns{};
  std::vector<Eigen::Index> source{};  // Of each.
};

Standardised Standardise(const Eigen::MatrixXd& features) {
  Standardised result;
  result.columns.resize(features.rows(), features.cols());
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    const auto values = features.col(column);
    const double size = values.cwiseAbs().maxCoeff();
    if (values.maxCoeff() == values.minCoeff()) continue;
    // Divided first: squares of large numbers would be infinite.
    Eigen::VectorXd centred = values / size;
    centred.array() -= centred.mean();
    const double length = centred.norm();
    // What is left of a column that is constant but for its last digits is rounding.
    if (length <= 4 * kEpsilon * std::sqrt(static_cast<double>(features.rows()))) continue;
    result.columns.col(static_cast<Eigen::Index>(result.source.size())) = centred / length;
    result.source.push_back(column);
  }
  result.columns.conservativeResize(Eigen::NoChange,
                                    static_cast<Eigen::Index>(result.source.size()));
  return result;
}

// A matrix of few rows with the singular values and right vectors of `tall`.
Eigen::MatrixXd Condensed(const Eigen::MatrixXd& tall) {
  if (tall.rows() <= tall.cols()) return tall;
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(tall);
  return qr.matrixQR().topRows(tall.cols()).triangularView<Eigen::Upper>();
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> VarianceInflationFactors(const Eigen::MatrixXd& features) {
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "variance inflation"));
  if (features.rows() < 2 || features.cols() == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("variance inflation wants two rows and a column at least, got %d and %d",
                        features.rows(), features.cols()));
  }
  Eigen::VectorXd factors =
      Eigen::VectorXd::Constant(features.cols(), std::numeric_limits<double>::infinity());
  const Standardised standardised = Standardise(features);
  if (standardised.source.empty()) return factors;

  // With Z the standardised columns and C = Z'Z their correlations, 1 - R^2 of column j is the
  // least b'C b with b_j = 1. That is 1 / (C^+)_jj where e_j is in the range of C, and 0 where it
  // is not.
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(Condensed(standardised.columns), Eigen::ComputeThinV);
  const Eigen::VectorXd& values = svd.singularValues();
  const double least =
      values[0] * kEpsilon * static_cast<double>(std::max(features.rows(), features.cols()));
  for (std::size_t j = 0; j < standardised.source.size(); ++j) {
    double inverse = 0;
    double share_in_range = 0;
    for (Eigen::Index i = 0; i < values.size() && values[i] > least; ++i) {
      const double entry = svd.matrixV()(static_cast<Eigen::Index>(j), i);
      share_in_range += entry * entry;
      inverse += entry / values[i] * (entry / values[i]);
    }
    constexpr double kRoundingOfShare = 1e-9;
    if (share_in_range > 1 - kRoundingOfShare) {
      factors[standardised.source[j]] = std::max(inverse, 1.0);
    }
  }
  return factors;
}

}  // namespace vitrine
