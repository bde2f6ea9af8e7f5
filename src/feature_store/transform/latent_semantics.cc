#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/text_features.h"
#include "vitrine/math/truncated_svd.h"

namespace vitrine {

namespace {

// `documents` times `directions` [documents x dimensions].
Eigen::MatrixXd Project(const CsrMatrix& documents, const Eigen::MatrixXd& directions) {
  Eigen::MatrixXd projected =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(documents.num_rows), directions.cols());
  for (std::size_t row = 0; row < documents.num_rows; ++row) {
    const auto terms = documents.Columns(row);
    const auto values = documents.Values(row);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      projected.row(static_cast<Eigen::Index>(row)) +=
          static_cast<double>(values[i]) * directions.row(static_cast<Eigen::Index>(terms[i]));
    }
  }
  return projected;
}

// The sum over terms of the variance of their values.
double TotalVariance(const CsrMatrix& documents) {
  std::vector<double> sums(documents.num_cols, 0);
  double squares = 0;
  for (std::size_t i = 0; i < documents.num_entries(); ++i) {
    const double value = documents.value[i];
    sums[documents.column[i]] += value;
    squares += value * value;
  }
  const auto num_documents = static_cast<double>(documents.num_rows);
  double squared_means = 0;
  for (const double sum : sums) squared_means += sum / num_documents * (sum / num_documents);
  return squares / num_documents - squared_means;
}

Eigen::VectorXd Variances(const Eigen::MatrixXd& columns) {
  const Eigen::MatrixXd centred = columns.rowwise() - columns.colwise().mean();
  return centred.colwise().squaredNorm() / static_cast<double>(columns.rows());
}

}  // namespace

absl::StatusOr<LatentSemantics> LatentSemantics::Fit(const CsrMatrix& documents,
                                                     const LatentSemanticsOptions& options,
                                                     ThreadPool* pool) {
  if (options.dimensions == 0 || options.iterations == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("latent semantics wants dimensions >= 1 and iterations >= 1, got %d and %d",
                        options.dimensions, options.iterations));
  }
  const bool is_finite = std::all_of(documents.value.begin(), documents.value.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) {
    return absl::InvalidArgumentError("latent semantics wants finite numbers, got another");
  }
  const RightSingularVectors found = TruncatedSvd(documents,
                                                  {.rank = options.dimensions,
                                                   .oversampling = options.oversampling,
                                                   .iterations = options.iterations,
                                                   .seed = options.seed},
                                                  pool);
  if (found.values.size() == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "latent semantics found nothing in %d documents: none holds a term", documents.num_rows));
  }
  LatentSemantics fitted;
  fitted.directions_ = found.vectors.cast<double>();
  FixSigns(fitted.directions_);
  fitted.singular_values_ = found.values.cast<double>();
  const double total = TotalVariance(documents);
  const Eigen::VectorXd variances = Variances(Project(documents, fitted.directions_));
  // Documents that are all the same have no variance to share out.
  fitted.explained_variance_ratio_ =
      total > 0 ? Eigen::VectorXd(variances / total) : Eigen::VectorXd::Zero(variances.size());
  return fitted;
}

absl::StatusOr<Eigen::MatrixXd> LatentSemantics::Apply(const CsrMatrix& documents) const {
  if (documents.num_cols != static_cast<std::size_t>(directions_.rows())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("latent semantics was fitted on %d terms, got documents of %d",
                        directions_.rows(), documents.num_cols));
  }
  return Project(documents, directions_);
}

void Save(const LatentSemantics& fitted, ByteWriter& writer) {
  Write(fitted.directions(), writer);
  Write(fitted.singular_values(), writer);
  Write(fitted.explained_variance_ratio(), writer);
}

absl::StatusOr<LatentSemantics> LoadLatentSemantics(ByteReader& reader) {
  LatentSemantics fitted;
  fitted.directions_ = ReadDense(reader);
  fitted.singular_values_ = ReadDenseVector(reader);
  fitted.explained_variance_ratio_ = ReadDenseVector(reader);
  VITRINE_RETURN_IF_ERROR(reader.status("latent semantics"));
  const Eigen::Index dimensions = fitted.directions_.cols();
  const bool is_sound = dimensions > 0 && fitted.singular_values_.size() == dimensions &&
                        fitted.explained_variance_ratio_.size() == dimensions &&
                        fitted.directions_.allFinite() && fitted.singular_values_.allFinite() &&
                        fitted.explained_variance_ratio_.allFinite();
  if (!is_sound) return absl::DataLossError("latent semantics holds what no fitting makes");
  return fitted;
}

}  // namespace vitrine
