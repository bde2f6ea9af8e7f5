#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {

enum class PcaSolver : std::uint8_t {
  kCovariance = 0,  // All eigenvectors of the covariance; O(rows columns min(rows, columns)).
  kRandomised = 1,  // The first ones alone, by math/truncated_svd.h; O(rows columns components).
};

struct PcaOptions {
  std::size_t components = 0;  // Wanted; 0: all there are.
  PcaSolver solver = PcaSolver::kCovariance;
  bool whiten = false;     // Scales each component to variance 1 on the rows fitted on.
  std::uint64_t seed = 1;  // Of kRandomised.
};

// Principal components: the orthogonal directions in which rows vary most. A row x becomes
// (x - mean) V, divided by the square roots of the variances when whitened. Columns are not scaled:
// one in cents weighs 10^4 times as much as in units of 100, so scale first. Each direction's sign
// is the one that makes its entry of the largest size positive. Directions of no variance are none:
// as many components as the rank has are found at most. kRandomised sees no variance below about
// 1e-7 of the largest. Sources: Pearson 1901; Hotelling 1933; Halko, Martinsson, Tropp 2011 with a
// Rayleigh-Ritz step in double behind it. A value; thread-safe.
class Pca {
 public:
  // `features` [rows x columns], more columns than rows are fine. Uses `pool` where it is not null;
  // the bits are the same without. Errors: INVALID_ARGUMENT fewer than two rows, NaN or infinity,
  // or columns that are all constant.
  static absl::StatusOr<Pca> Fit(const Eigen::MatrixXd& features, const PcaOptions& options,
                                 ThreadPool* pool);

  // [rows x components]. Errors: INVALID_ARGUMENT other columns than it was fitted on, NaN or
  // infinity.
  absl::StatusOr<Eigen::MatrixXd> Apply(const Eigen::MatrixXd& features) const;

  // The rows [rows x columns] that come nearest, of what Apply made. Errors: INVALID_ARGUMENT not
  // as many columns as there are components.
  absl::StatusOr<Eigen::MatrixXd> Restore(const Eigen::MatrixXd& components) const;

  std::size_t num_components() const { return static_cast<std::size_t>(directions_.cols()); }
  const Eigen::RowVectorXd& mean() const { return mean_; }           // [columns]
  const Eigen::MatrixXd& directions() const { return directions_; }  // V [columns x components]
  const Eigen::VectorXd& explained_variance() const { return variance_; }  // Descending; / (n - 1)
  const Eigen::VectorXd& explained_variance_ratio() const { return variance_ratio_; }
  bool is_whitened() const { return is_whitened_; }

 private:
  friend void Save(const Pca& fitted, ByteWriter& writer);
  friend absl::StatusOr<Pca> LoadPca(ByteReader& reader);
  Pca() = default;

  Eigen::RowVectorXd mean_{};
  Eigen::MatrixXd directions_{};
  Eigen::VectorXd variance_{};
  Eigen::VectorXd variance_ratio_{};  // Of the variance of all columns together.
  bool is_whitened_ = false;
};

void Save(const Pca& fitted, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<Pca> LoadPca(ByteReader& reader);

struct DiscriminantOptions {
  std::size_t components = 0;  // Wanted; 0: all there are.
  // How much of the scatter within classes is replaced by a multiple of the identity. [0, 1]
  double shrinkage = 0;
};

// Linear discriminants: the directions in which classes lie farthest apart for how much rows vary
// within a class. With S_w the pooled covariance within classes and S_b that of the class means,
// both over n rows, the directions W solve S_b w = s S_w w, scaled to W' S_w W = I, and a row x
// becomes (x - mean) W. At most classes - 1 of them; those that separate nothing are left out.
// Shrinkage g puts (1 - g) S_w + g (trace S_w / columns) I in the place of S_w, which has an
// inverse however few the rows are; scale the columns first. Signs as for Pca. Sources: Fisher
// 1936; Rao 1948; Friedman, "Regularized discriminant analysis", 1989. A value; thread-safe.
class LinearDiscriminants {
 public:
  // `features` [rows x columns], `classes` [rows] any numbers. Errors: INVALID_ARGUMENT one class
  // only, sizes that do not match, NaN or infinity, shrinkage out of range, classes with the same
  // means, or an S_w that has no inverse: a column that is constant within every class, collinear
  // columns, fewer rows than columns and classes together.
  static absl::StatusOr<LinearDiscriminants> Fit(const Eigen::MatrixXd& features,
                                                 std::span<const std::int64_t> classes,
                                                 const DiscriminantOptions& options);

  // [rows x components]. Errors: INVALID_ARGUMENT other columns than it was fitted on, NaN or
  // infinity.
  absl::StatusOr<Eigen::MatrixXd> Apply(const Eigen::MatrixXd& features) const;

  std::size_t num_components() const { return static_cast<std::size_t>(directions_.cols()); }
  const Eigen::RowVectorXd& mean() const { return mean_; }           // [columns]
  const Eigen::MatrixXd& directions() const { return directions_; }  // W [columns x components]
  // Share of the separation, the sum of all s, that each component has. Descending.
  const Eigen::VectorXd& explained_variance_ratio() const { return separation_ratio_; }

 private:
  friend void Save(const LinearDiscriminants& fitted, ByteWriter& writer);
  friend absl::StatusOr<LinearDiscriminants> LoadLinearDiscriminants(ByteReader& reader);
  LinearDiscriminants() = default;

  Eigen::RowVectorXd mean_{};
  Eigen::MatrixXd directions_{};
  Eigen::VectorXd separation_ratio_{};
};

void Save(const LinearDiscriminants& fitted, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<LinearDiscriminants> LoadLinearDiscriminants(ByteReader& reader);

}  // namespace vitrine
