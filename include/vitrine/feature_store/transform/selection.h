#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"

namespace vitrine {

// How mutual information is estimated.
struct MutualInformationOptions {
  std::size_t neighbours = 3;       // k of the nearest-neighbour estimators. >= 1
  std::vector<bool> is_discrete{};  // By column: values are categories. Empty: no column is.
  std::uint64_t seed = 1;           // Of the noise that tells equal values apart.
};

// How much each column of `features` [rows x columns] tells about the class of a row, in nats, >= 0
// [columns]. A discrete column by the plug-in estimate, sum over pairs p(x, y) ln(p(x, y) / (p(x)
// p(y))); another one by nearest neighbours,
//
//   psi(N) + <psi(k)> - <psi(n of the class)> - <psi(m)>
//
// with m the rows within the distance of the k-th neighbour of the same class (Ross, "Mutual
// information between discrete and continuous data sets", PLoS ONE 2014). Rows that are alone in
// their class do not count then. As scikit-learn's mutual_info_classif: columns are scaled to
// standard deviation 1 and get noise of 1e-10, which tells equal values apart. A constant column
// tells nothing: 0. O(rows log rows) a column. Errors: INVALID_ARGUMENT NaN or infinity, sizes that
// do not match, not more rows than neighbours.
absl::StatusOr<Eigen::VectorXd> MutualInformationWithClasses(
    const Eigen::MatrixXd& features, std::span<const std::int64_t> classes,
    const MutualInformationOptions& options);

// The same about a number, as mutual_info_regression:
//
//   psi(N) + psi(k) - <psi(n_x + 1) + psi(n_y + 1)>
//
// with n_x, n_y the other rows closer in x or y alone than the k-th neighbour is in the larger of
// both (Kraskov, Stoegbauer, Grassberger, "Estimating mutual information", Physical Review E 2004,
// first estimator); discrete columns after Ross. A constant target: all 0. O(rows^1.5) a column
// that does not repeat itself much.
absl::StatusOr<Eigen::VectorXd> MutualInformationWithTarget(
    const Eigen::MatrixXd& features, const Eigen::VectorXd& target,
    const MutualInformationOptions& options);

// The variance inflation factor of each column [columns]: 1 / (1 - R^2) of the least-squares
// regression, with intercept, of the column on all others. 1: unrelated; above 5 or 10: the others
// nearly say what it says. Infinite where they do to rounding, as for a constant column, which the
// intercept says, and for all columns of a group that are multiples or sums of one another. Errors:
// INVALID_ARGUMENT NaN or infinity, fewer than two rows, no column.
absl::StatusOr<Eigen::VectorXd> VarianceInflationFactors(const Eigen::MatrixXd& features);

// Which columns of a table are kept: what the functions below choose on training rows, applied to
// any. A value; thread-safe.
class ColumnSelection {
 public:
  // Errors: INVALID_ARGUMENT unless `kept` ascends, is below num_columns and not empty.
  static absl::StatusOr<ColumnSelection> Create(std::size_t num_columns,
                                                std::vector<std::size_t> kept);

  // The kept columns, in order. Errors: INVALID_ARGUMENT not as many columns as it was chosen from.
  absl::StatusOr<Eigen::MatrixXd> Apply(const Eigen::MatrixXd& features) const;

  std::size_t num_columns() const { return num_columns_; }
  const std::vector<std::size_t>& kept() const { return kept_; }

 private:
  ColumnSelection(std::size_t num_columns, std::vector<std::size_t> kept)
      : num_columns_(num_columns), kept_(std::move(kept)) {}

  std::size_t num_columns_ = 0;
  std::vector<std::size_t> kept_;
};

// Keeps the columns whose variance (mean squared distance from the mean) is above `threshold`; 0
// drops constant ones. Errors: INVALID_ARGUMENT NaN or infinity, a threshold below 0, or no column
// left.
absl::StatusOr<ColumnSelection> SelectByVariance(const Eigen::MatrixXd& features, double threshold);

// Keeps the `count` columns of the highest score, such as their mutual information; of equal ones
// the first. All, where there are no more. Errors: INVALID_ARGUMENT a NaN, or nothing to keep.
absl::StatusOr<ColumnSelection> SelectBest(const Eigen::VectorXd& scores, std::size_t count);

// Drops the column of the largest variance inflation factor, of equal ones the last, until none is
// above `most`. Errors: as VarianceInflationFactors; INVALID_ARGUMENT `most` below 1, or only
// constant columns.
absl::StatusOr<ColumnSelection> SelectByInflation(const Eigen::MatrixXd& features, double most);

void Save(const ColumnSelection& selection, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<ColumnSelection> LoadColumnSelection(ByteReader& reader);

}  // namespace vitrine
