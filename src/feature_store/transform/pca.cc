#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/reduction.h"
#include "vitrine/math/truncated_svd.h"

namespace vitrine {

namespace {

struct Components {
  Eigen::MatrixXd directions{};  // [columns x k] orthonormal
  Eigen::VectorXd variance{};    // [k] descending
};

// The first of the eigenvectors of `symmetric`, largest value first: `wanted` of them (0: all), but
// none whose value is rounding beside the largest.
Components LargestEigenvectors(const Eigen::MatrixXd& symmetric, std::size_t wanted) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(symmetric);
  const Eigen::VectorXd values = eigen.eigenvalues().reverse();
  const double least = std::max(values[0], 0.0) * std::numeric_limits<double>::epsilon() *
                       static_cast<double>(values.size());
  auto count = static_cast<Eigen::Index>((values.array() > least).count());
  if (wanted != 0) count = std::min(count, static_cast<Eigen::Index>(wanted));
  return {eigen.eigenvectors().rowwise().reverse().leftCols(count), values.head(count)};
}

// `centred` has columns of mean 0.
Components ByCovariance(const Eigen::MatrixXd& centred, std::size_t wanted) {
  const double divisor = static_cast<double>(centred.rows() - 1);
  if (centred.cols() <= centred.rows()) {
    return LargestEigenvectors(centred.transpose() * centred / divisor, wanted);
  }
  // Few rows: X'X has the values of XX', and the vector v = X'u / |X'u| for each u of that.
  Components components = LargestEigenvectors(centred * centred.transpose() / divisor, wanted);
  components.directions = (centred.transpose() * components.directions).colwise().normalized();
  return components;
}

CsrMatrix AsSparse(const Eigen::MatrixXd& dense) {
  CsrMatrix matrix;
  matrix.num_rows = static_cast<std::size_t>(dense.rows());
  matrix.num_cols = static_cast<std::size_t>(dense.cols());
  for (Eigen::Index row = 0; row < dense.rows(); ++row) {
    for (Eigen::Index column = 0; column < dense.cols(); ++column) {
      const auto value = static_cast<float>(dense(row, column));
      if (value == 0) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(value);
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

// Orthonormal columns that span what those of `columns` do.
Eigen::MatrixXd Basis(const Eigen::MatrixXd& columns) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(columns);
  return qr.householderQ() * Eigen::MatrixXd::Identity(columns.rows(), columns.cols());
}

// A subspace found in float, sharpened by one pass in double, and the components within it.
Components ByRandomisedSvd(const Eigen::MatrixXd& centred, const PcaOptions& options,
                           ThreadPool* pool) {
  constexpr std::size_t kSpare = 8;
  const auto most = static_cast<std::size_t>(std::min(centred.rows(), centred.cols()));
  const std::size_t rank = options.components == 0 ? most : options.components + kSpare;
  const RightSingularVectors found =
      TruncatedSvd(AsSparse(centred), {.rank = std::min(rank, most), .seed = options.seed}, pool);
  const Eigen::MatrixXd basis =
      Basis(centred.transpose() * (centred * Basis(found.vectors.cast<double>())));
  const Eigen::MatrixXd projected = centred * basis;
  Components components = LargestEigenvectors(
      projected.transpose() * projected / static_cast<double>(centred.rows() - 1),
      options.components);
  components.directions = basis * components.directions;
  return components;
}

}  // namespace

absl::StatusOr<Pca> Pca::Fit(const Eigen::MatrixXd& features, const PcaOptions& options,
                             ThreadPool* pool) {
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "pca"));
  if (features.rows() < 2 || features.cols() == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("pca wants two rows and a column at least, got %d and %d", features.rows(),
                        features.cols()));
  }
  const bool is_constant =
      (features.colwise().maxCoeff().array() == features.colwise().minCoeff().array()).all();
  if (is_constant) {
    return absl::InvalidArgumentError(
        absl::StrFormat("pca found no variance: all %d columns are constant", features.cols()));
  }
  Pca fitted;
  fitted.mean_ = features.colwise().mean();
  Eigen::MatrixXd centred = features.rowwise() - fitted.mean_;
  // By its size, so that no square of a large number is infinite, nor a float.
  const double size = centred.cwiseAbs().maxCoeff();
  centred /= size;
  Components components = options.solver == PcaSolver::kCovariance
                              ? ByCovariance(centred, options.components)
                              : ByRandomisedSvd(centred, options, pool);
  FixSigns(components.directions);
  fitted.directions_ = std::move(components.directions);
  const double total = centred.squaredNorm() / static_cast<double>(features.rows() - 1);
  fitted.variance_ratio_ = components.variance / total;
  fitted.variance_ = components.variance * size * size;
  if (!fitted.variance_.allFinite() || !(fitted.variance_.array() > 0).all()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "pca cannot square numbers that are as far from their mean as %g; scale the columns first",
        size));
  }
  fitted.is_whitened_ = options.whiten;
  return fitted;
}

absl::StatusOr<Eigen::MatrixXd> Pca::Apply(const Eigen::MatrixXd& features) const {
  VITRINE_RETURN_IF_ERROR(CheckColumns(features, mean_.size(), "pca"));
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "pca"));
  Eigen::MatrixXd components = (features.rowwise() - mean_) * directions_;
  if (is_whitened_) {
    components.array().rowwise() /= variance_.transpose().array().sqrt();
  }
  return components;
}

absl::StatusOr<Eigen::MatrixXd> Pca::Restore(const Eigen::MatrixXd& components) const {
  if (components.cols() != directions_.cols()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("pca found %d components, got %d", directions_.cols(), components.cols()));
  }
  Eigen::MatrixXd scaled = components;
  if (is_whitened_) scaled.array().rowwise() *= variance_.transpose().array().sqrt();
  return (scaled * directions_.transpose()).rowwise() + mean_;
}

void Save(const Pca& fitted, ByteWriter& writer) {
  Write(Eigen::VectorXd(fitted.mean_.transpose()), writer);
  Write(fitted.directions_, writer);
  Write(fitted.variance_, writer);
  Write(fitted.variance_ratio_, writer);
  writer.Unsigned(fitted.is_whitened_ ? 1 : 0);
}

absl::StatusOr<Pca> LoadPca(ByteReader& reader) {
  Pca fitted;
  fitted.mean_ = ReadDenseVector(reader).transpose();
  fitted.directions_ = ReadDense(reader);
  fitted.variance_ = ReadDenseVector(reader);
  fitted.variance_ratio_ = ReadDenseVector(reader);
  const std::uint64_t is_whitened = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status("pca"));
  const Eigen::Index count = fitted.directions_.cols();
  const bool is_sound = count > 0 && fitted.mean_.size() == fitted.directions_.rows() &&
                        is_whitened <= 1 && fitted.variance_.size() == count &&
                        fitted.variance_ratio_.size() == count && fitted.mean_.allFinite() &&
                        fitted.directions_.allFinite() && fitted.variance_.allFinite() &&
                        fitted.variance_ratio_.allFinite() && (fitted.variance_.array() > 0).all();
  if (!is_sound) return absl::DataLossError("pca holds what no fitting makes");
  fitted.is_whitened_ = is_whitened == 1;
  return fitted;
}

}  // namespace vitrine
