#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/reduction.h"

namespace vitrine {

namespace {

// Rows by class, in order of the class's number.
using RowsOfClass = std::map<std::int64_t, std::vector<Eigen::Index>>;

struct Scatter {
  Eigen::MatrixXd within{};   // S_w [columns x columns]
  Eigen::MatrixXd between{};  // S_b
};

// `centred` has columns of mean 0.
Scatter MeasureScatter(const Eigen::MatrixXd& centred, const RowsOfClass& rows_of_class) {
  const Eigen::Index columns = centred.cols();
  Scatter scatter{Eigen::MatrixXd::Zero(columns, columns), Eigen::MatrixXd::Zero(columns, columns)};
  for (const auto& [unused, rows] : rows_of_class) {
    const auto count = static_cast<Eigen::Index>(rows.size());
    Eigen::MatrixXd members(count, columns);
    for (Eigen::Index i = 0; i < count; ++i) {
      members.row(i) = centred.row(rows[static_cast<std::size_t>(i)]);
    }
    const Eigen::RowVectorXd mean = members.colwise().mean();
    for (Eigen::Index column = 0; column < columns; ++column) {
      auto values = members.col(column);
      // Exactly 0 for a constant: the mean of equal numbers is off by rounding.
      const bool is_constant = values.maxCoeff() == values.minCoeff();
      if (is_constant) {
        values.setZero();
      } else {
        values.array() -= mean[column];
      }
    }
    scatter.within += members.transpose() * members;
    scatter.between += static_cast<double>(count) * mean.transpose() * mean;
  }
  scatter.within /= static_cast<double>(centred.rows());
  scatter.between /= static_cast<double>(centred.rows());
  return scatter;
}

absl::Status NoInverse(const Eigen::MatrixXd& within) {
  std::string constant;
  for (Eigen::Index column = 0; column < within.cols(); ++column) {
    if (within(column, column) > 0) continue;
    constant += absl::StrFormat("%s%d", constant.empty() ? "" : ", ", column);
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "linear discriminants cannot invert the scatter within classes: %s; set shrinkage above 0, "
      "leave columns out, or give more rows",
      constant.empty() ? std::string("columns are combinations of one another, or rows are too few")
                       : "constant within every class are the columns " + constant));
}

// A with A' `within` A = I. Errors: those of NoInverse.
absl::StatusOr<Eigen::MatrixXd> Whitening(const Eigen::MatrixXd& within) {
  if (!(within.diagonal().array() > 0).all()) return NoInverse(within);
  // Columns of one size: units must not decide what counts as rounding.
  const Eigen::VectorXd inverse_size = within.diagonal().cwiseSqrt().cwiseInverse();
  const Eigen::MatrixXd correlation =
      inverse_size.asDiagonal() * within * inverse_size.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(correlation);
  const Eigen::VectorXd& values = eigen.eigenvalues();  // Ascending.
  constexpr double kRounding = 32 * std::numeric_limits<double>::epsilon();
  const auto columns = static_cast<double>(within.cols());
  if (!(values[0] > values[values.size() - 1] * columns * kRounding)) return NoInverse(within);
  return Eigen::MatrixXd(inverse_size.asDiagonal() * eigen.eigenvectors() *
                         values.cwiseSqrt().cwiseInverse().asDiagonal());
}

absl::Status CheckClasses(const Eigen::MatrixXd& features, std::size_t num_rows,
                          const DiscriminantOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "linear discriminants"));
  if (static_cast<std::size_t>(features.rows()) != num_rows || features.cols() == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "linear discriminants want a class for each row and a column at least, got %d rows, %d "
        "classes and %d columns",
        features.rows(), num_rows, features.cols()));
  }
  if (!(options.shrinkage >= 0) || !(options.shrinkage <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "linear discriminants want a shrinkage from 0 to 1, got %g", options.shrinkage));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LinearDiscriminants> LinearDiscriminants::Fit(const Eigen::MatrixXd& features,
                                                             std::span<const std::int64_t> classes,
                                                             const DiscriminantOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckClasses(features, classes.size(), options));
  RowsOfClass rows_of_class;
  for (std::size_t row = 0; row < classes.size(); ++row) {
    rows_of_class[classes[row]].push_back(static_cast<Eigen::Index>(row));
  }
  if (rows_of_class.size() < 2 || rows_of_class.size() >= classes.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("linear discriminants want two classes at least and more rows than "
                        "classes, got %d classes of %d rows",
                        rows_of_class.size(), classes.size()));
  }

  LinearDiscriminants fitted;
  fitted.mean_ = features.colwise().mean();
  Scatter scatter = MeasureScatter(features.rowwise() - fitted.mean_, rows_of_class);
  const double mean_variance = scatter.within.trace() / static_cast<double>(features.cols());
  scatter.within *= 1 - options.shrinkage;
  scatter.within.diagonal().array() += options.shrinkage * mean_variance;
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd whitening, Whitening(scatter.within));

  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(whitening.transpose() *
                                                             scatter.between * whitening);
  const Eigen::VectorXd separation = eigen.eigenvalues().reverse();
  // Below that, classes lie closer together than rounding tells.
  constexpr double kLeastSeparation = 1e-20;
  const double least = std::max(kLeastSeparation, separation[0] * 1e-14);
  auto count = static_cast<Eigen::Index>((separation.array() > least).count());
  count = std::min(count, static_cast<Eigen::Index>(rows_of_class.size()) - 1);
  if (count == 0) {
    return absl::InvalidArgumentError(
        "linear discriminants cannot tell the classes apart: their means are the same");
  }
  const double total = separation.head(count).sum();
  if (options.components != 0) {
    count = std::min(count, static_cast<Eigen::Index>(options.components));
  }
  fitted.directions_ = whitening * eigen.eigenvectors().rowwise().reverse().leftCols(count);
  FixSigns(fitted.directions_);
  fitted.separation_ratio_ = separation.head(count) / total;
  return fitted;
}

absl::StatusOr<Eigen::MatrixXd> LinearDiscriminants::Apply(const Eigen::MatrixXd& features) const {
  VITRINE_RETURN_IF_ERROR(CheckColumns(features, mean_.size(), "linear discriminants"));
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "linear discriminants"));
  return Eigen::MatrixXd((features.rowwise() - mean_) * directions_);
}

void Save(const LinearDiscriminants& fitted, ByteWriter& writer) {
  Write(Eigen::VectorXd(fitted.mean_.transpose()), writer);
  Write(fitted.directions_, writer);
  Write(fitted.separation_ratio_, writer);
}

absl::StatusOr<LinearDiscriminants> LoadLinearDiscriminants(ByteReader& reader) {
  LinearDiscriminants fitted;
  fitted.mean_ = ReadDenseVector(reader).transpose();
  fitted.directions_ = ReadDense(reader);
  fitted.separation_ratio_ = ReadDenseVector(reader);
  VITRINE_RETURN_IF_ERROR(reader.status("linear discriminants"));
  const bool is_sound =
      fitted.directions_.cols() > 0 && fitted.mean_.size() == fitted.directions_.rows() &&
      fitted.separation_ratio_.size() == fitted.directions_.cols() && fitted.mean_.allFinite() &&
      fitted.directions_.allFinite() && fitted.separation_ratio_.allFinite();
  if (!is_sound) return absl::DataLossError("linear discriminants hold what no fitting makes");
  return fitted;
}

}  // namespace vitrine
