#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/selection.h"

namespace vitrine {

namespace {

double Variance(const Eigen::VectorXd& column) {
  // Exactly 0 for a constant, which rounding of the mean would hide.
  if (column.maxCoeff() == column.minCoeff()) return 0;
  return (column.array() - column.mean()).square().mean();
}

Eigen::MatrixXd Columns(const Eigen::MatrixXd& features, const std::vector<std::size_t>& kept) {
  Eigen::MatrixXd columns(features.rows(), static_cast<Eigen::Index>(kept.size()));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    columns.col(static_cast<Eigen::Index>(i)) = features.col(static_cast<Eigen::Index>(kept[i]));
  }
  return columns;
}

}  // namespace

absl::StatusOr<ColumnSelection> ColumnSelection::Create(std::size_t num_columns,
                                                        std::vector<std::size_t> kept) {
  const bool is_ascending =
      std::adjacent_find(kept.begin(), kept.end(), std::greater_equal<>()) == kept.end();
  if (kept.empty() || !is_ascending || kept.back() >= num_columns) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a selection wants columns that ascend, below %d, and one at least", num_columns));
  }
  return ColumnSelection(num_columns, std::move(kept));
}

absl::StatusOr<Eigen::MatrixXd> ColumnSelection::Apply(const Eigen::MatrixXd& features) const {
  VITRINE_RETURN_IF_ERROR(
      CheckColumns(features, static_cast<Eigen::Index>(num_columns_), "column selection"));
  return Columns(features, kept_);
}

absl::StatusOr<ColumnSelection> SelectByVariance(const Eigen::MatrixXd& features,
                                                 double threshold) {
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "variance threshold"));
  if (!(threshold >= 0) || features.rows() == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("variance threshold wants rows and a threshold >= 0, got %d rows and %g",
                        features.rows(), threshold));
  }
  std::vector<std::size_t> kept;
  double largest = 0;
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    const double variance = Variance(features.col(column));
    largest = std::max(largest, variance);
    if (variance > threshold) kept.push_back(static_cast<std::size_t>(column));
  }
  if (kept.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("no column of %d has a variance above %g, the largest is %g",
                        features.cols(), threshold, largest));
  }
  return ColumnSelection::Create(static_cast<std::size_t>(features.cols()), std::move(kept));
}

absl::StatusOr<ColumnSelection> SelectBest(const Eigen::VectorXd& scores, std::size_t count) {
  if (scores.size() == 0 || count == 0 || scores.array().isNaN().any()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the best columns want a number for each column and a count >= 1, got %d "
                        "columns, %d of them NaN, and %d",
                        scores.size(), scores.array().isNaN().count(), count));
  }
  std::vector<std::size_t> order(static_cast<std::size_t>(scores.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&scores](std::size_t a, std::size_t b) {
    return scores[static_cast<Eigen::Index>(a)] > scores[static_cast<Eigen::Index>(b)];
  });
  order.resize(std::min(count, order.size()));
  std::sort(order.begin(), order.end());
  return ColumnSelection::Create(static_cast<std::size_t>(scores.size()), std::move(order));
}

absl::StatusOr<ColumnSelection> SelectByInflation(const Eigen::MatrixXd& features, double most) {
  if (!(most >= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a variance inflation factor is at least 1, got a limit of %g", most));
  }
  std::vector<std::size_t> kept(static_cast<std::size_t>(features.cols()));
  std::iota(kept.begin(), kept.end(), 0);
  while (true) {
    VITRINE_ASSIGN_OR_RETURN(const Eigen::VectorXd factors,
                             VarianceInflationFactors(Columns(features, kept)));
    std::size_t worst = 0;
    for (std::size_t i = 1; i < kept.size(); ++i) {
      if (factors[static_cast<Eigen::Index>(i)] >= factors[static_cast<Eigen::Index>(worst)]) {
        worst = i;
      }
    }
    if (factors[static_cast<Eigen::Index>(worst)] <= most) break;
    if (kept.size() == 1) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "every column of %d is constant: there is nothing to keep", features.cols()));
    }
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(worst));
  }
  return ColumnSelection::Create(static_cast<std::size_t>(features.cols()), std::move(kept));
}

void Save(const ColumnSelection& selection, ByteWriter& writer) {
  writer.Unsigned(selection.num_columns());
  writer.Unsigned(selection.kept().size());
  for (const std::size_t column : selection.kept()) writer.Unsigned(column);
}

absl::StatusOr<ColumnSelection> LoadColumnSelection(ByteReader& reader) {
  const std::uint64_t num_columns = reader.Unsigned();
  std::vector<std::size_t> kept(reader.Count());
  for (std::size_t& column : kept) column = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status("column selection"));
  auto selection = ColumnSelection::Create(num_columns, std::move(kept));
  if (!selection.ok()) return absl::DataLossError(std::string(selection.status().message()));
  return selection;
}

}  // namespace vitrine
