#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"

namespace vitrine {

// INVALID_ARGUMENT naming row and column of the first value that is NaN or infinite, and how to
// cure it. `what` names who asks.
inline absl::Status CheckAllFinite(const Eigen::MatrixXd& features, std::string_view what) {
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    for (Eigen::Index row = 0; row < features.rows(); ++row) {
      if (std::isfinite(features(row, column))) continue;
      return absl::InvalidArgumentError(
          absl::StrFormat("%s wants finite numbers, got %g in row %d, column %d; impute what is "
                          "missing first",
                          what, features(row, column), row, column));
    }
  }
  return absl::OkStatus();
}

// INVALID_ARGUMENT unless there are as many columns as `what` was fitted on.
inline absl::Status CheckColumns(const Eigen::MatrixXd& features, Eigen::Index fitted,
                                 std::string_view what) {
  if (features.cols() == fitted) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s was fitted on %d columns, got %d", what, fitted, features.cols()));
}

// Turns each column so that its entry of the largest size, of equal ones the first, is positive.
inline void FixSigns(Eigen::MatrixXd& directions) {
  for (Eigen::Index column = 0; column < directions.cols(); ++column) {
    Eigen::Index largest = 0;
    directions.col(column).cwiseAbs().maxCoeff(&largest);
    if (directions(largest, column) < 0) directions.col(column) *= -1;
  }
}

inline void Write(const Eigen::MatrixXd& matrix, ByteWriter& writer) {
  writer.Unsigned(static_cast<std::uint64_t>(matrix.rows()));
  writer.Unsigned(static_cast<std::uint64_t>(matrix.cols()));
  writer.Array(std::span(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

// Empty where the bytes make no sense; ask the reader's status and the sizes.
inline Eigen::MatrixXd ReadDense(ByteReader& reader) {
  const std::uint64_t rows = reader.Unsigned();
  const std::uint64_t columns = reader.Unsigned();
  const std::vector<double> values = reader.Array<double>();
  const bool is_whole = columns == 0
                            ? values.empty() && rows == 0
                            : values.size() % columns == 0 && values.size() / columns == rows;
  if (!is_whole) return {};
  return Eigen::Map<const Eigen::MatrixXd>(values.data(), static_cast<Eigen::Index>(rows),
                                           static_cast<Eigen::Index>(columns));
}

inline void Write(const Eigen::VectorXd& vector, ByteWriter& writer) {
  writer.Array(std::span(vector.data(), static_cast<std::size_t>(vector.size())));
}

inline Eigen::VectorXd ReadDenseVector(ByteReader& reader) {
  const std::vector<double> values = reader.Array<double>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace vitrine
