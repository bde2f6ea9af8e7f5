#include "vitrine/math/truncated_svd.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "vitrine/base/random.h"
#include "vitrine/math/gram.h"
#include "vitrine/math/sparse_product.h"

namespace vitrine {

namespace {

// Columns with their lengths, orthogonal to one another, longest first; those of no length left
// out.
struct OrthogonalColumns {
  Matrix directions{};        // [n x r] orthonormal columns
  Eigen::VectorXf lengths{};  // [r]
};

OrthogonalColumns Orthogonalise(const Matrix& columns, ThreadPool* pool) {
  const RotatedFactors rotated = DiagonaliseGram(columns, pool);
  const Eigen::Index count = rotated.gram.size();
  // What is smaller than this beside the largest is rounding of the Gram matrix.
  const float least = rotated.gram.maxCoeff() * std::numeric_limits<float>::epsilon();
  const auto rank = static_cast<Eigen::Index>((rotated.gram.array() > least).count());
  OrthogonalColumns result;
  result.directions.resize(columns.rows(), rank);
  result.lengths.resize(rank);
  for (Eigen::Index i = 0; i < rank; ++i) {
    const Eigen::Index source = count - 1 - i;
    result.lengths[i] = std::sqrt(rotated.gram[source]);
    result.directions.col(i) = rotated.factors.col(source) / result.lengths[i];
  }
  return result;
}

Matrix RandomColumns(std::size_t num_rows, std::size_t num_columns, std::uint64_t seed) {
  Random random(seed);
  return Matrix::NullaryExpr(static_cast<Eigen::Index>(num_rows),
                             static_cast<Eigen::Index>(num_columns),
                             [&random] { return static_cast<float>(random.Normal()); });
}

}  // namespace

RightSingularVectors TruncatedSvd(const CsrMatrix& matrix, const SvdOptions& options,
                                  ThreadPool* pool) {
  const std::size_t width =
      std::min({options.rank + options.oversampling, matrix.num_rows, matrix.num_cols});
  if (width == 0 || matrix.num_entries() == 0) {
    return {Matrix(static_cast<Eigen::Index>(matrix.num_cols), 0), Eigen::VectorXf(0)};
  }
  const CsrMatrix transposed = Transpose(matrix);
  OrthogonalColumns right =
      Orthogonalise(RandomColumns(matrix.num_cols, width, options.seed), pool);
  for (std::size_t i = 0; i < std::max<std::size_t>(options.iterations, 1); ++i) {
    // Orthogonal after every half: the columns would all turn to the largest vector otherwise.
    const OrthogonalColumns left = Orthogonalise(Multiply(matrix, right.directions, pool), pool);
    right = Orthogonalise(Multiply(transposed, left.directions, pool), pool);
  }

  const Eigen::Index rank =
      std::min(static_cast<Eigen::Index>(options.rank), right.directions.cols());
  return {right.directions.leftCols(rank), right.lengths.head(rank)};
}

}  // namespace vitrine
