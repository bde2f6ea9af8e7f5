#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// Rows of a matrix in parts, none of them empty.
using RowParts = std::vector<std::vector<std::uint32_t>>;

// A row as long as 1, or of zeros.
Eigen::RowVectorXd DirectionOf(const Matrix& rows, std::uint32_t row);

// Clusters of about a thousand of these rows that point about the same way, by k-means in two
// levels on the sphere, on samples (Dhillon, Modha: Concept decompositions for large sparse text
// data using clustering, Machine Learning 42, 2001). REQUIRES: none of `members` is a row of zeros
RowParts ClustersByDirection(const Matrix& rows, std::span<const std::uint32_t> members);

// Rows of two matrices side by side.
struct MixedRows {
  const CsrMatrix& sparse;  // [num_rows x columns]
  const Matrix& dense;      // [num_rows x d] No rows: there is none.
  float dense_weight = 1;   // Times the dense one.
};

// All rows but those that are empty, in parts of about `rows_of_part`, at most twice as many, that
// point about the same way: clusters as above, split by k-means once more. REQUIRES: rows_of_part >
// 0, rows about as long as each other
RowParts PartsByDirection(const MixedRows& rows, std::size_t rows_of_part);

}  // namespace vitrine
