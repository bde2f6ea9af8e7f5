#pragma once

#include <gmock/gmock.h>

#include <Eigen/Core>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/math/sparse.h"

namespace vitrine::testing {

// INVALID_ARGUMENT for a reason that has `why` in it.
MATCHER_P(IsRefused, why, "is refused with \"" + std::string(why) + "\"") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status.ToString();
  return status.code() == absl::StatusCode::kInvalidArgument &&
         std::string(status.message()).find(why) != std::string::npos;
}

// data/transforms-linear, which its make_golden.py describes.
inline std::ifstream OpenGolden(const std::string& file) {
  std::ifstream stream(std::string(VITRINE_TEST_DATA) + "/transforms-linear/" + file);
  EXPECT_TRUE(stream.is_open()) << file;
  return stream;
}

// What was computed elsewhere under this name.
inline Eigen::MatrixXd Expected(const std::string& name) {
  std::ifstream stream = OpenGolden("expected.tsv");
  for (std::string line; std::getline(stream, line);) {
    std::istringstream fields(line);
    std::string found;
    Eigen::Index rows = 0;
    Eigen::Index columns = 0;
    fields >> found >> rows >> columns;
    if (found != name) continue;
    Eigen::MatrixXd matrix(rows, columns);
    for (Eigen::Index i = 0; i < rows * columns; ++i) fields >> matrix(i / columns, i % columns);
    EXPECT_TRUE(fields) << name;
    return matrix;
  }
  ADD_FAILURE() << "expected.tsv has no " << name;
  return {};
}

struct GoldenTable {
  std::vector<std::int64_t> classes{};
  Eigen::VectorXd target{};
  Eigen::MatrixXd features{};  // The last column is discrete.
};

inline GoldenTable ReadGoldenTable() {
  std::ifstream stream = OpenGolden("features.tsv");
  const std::vector<double> values{std::istream_iterator<double>(stream),
                                   std::istream_iterator<double>()};
  constexpr Eigen::Index kColumns = 8;
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> all =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          values.data(), static_cast<Eigen::Index>(values.size()) / kColumns, kColumns);
  GoldenTable table;
  for (const double value : all.col(0)) table.classes.push_back(static_cast<std::int64_t>(value));
  table.target = all.col(1);
  table.features = all.rightCols(kColumns - 2);
  return table;
}

struct GoldenDocuments {
  std::vector<std::string> fitted{};
  std::vector<std::string> unseen{};
};

inline GoldenDocuments ReadGoldenDocuments() {
  constexpr std::size_t kFitted = 30;
  std::ifstream stream = OpenGolden("documents.txt");
  GoldenDocuments documents;
  for (std::string line; std::getline(stream, line);) {
    (documents.fitted.size() < kFitted ? documents.fitted : documents.unseen).push_back(line);
  }
  return documents;
}

inline Eigen::MatrixXd Dense(const CsrMatrix& matrix) {
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(matrix.num_rows),
                                                static_cast<Eigen::Index>(matrix.num_cols));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = 0; i < matrix.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(matrix.Columns(row)[i])) =
          static_cast<double>(matrix.Values(row)[i]);
    }
  }
  return dense;
}

// Every entry within `tolerance`, the sizes too.
inline void ExpectNear(const Eigen::MatrixXd& actual, const Eigen::MatrixXd& expected,
                       double tolerance) {
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.cols(), expected.cols());
  for (Eigen::Index row = 0; row < actual.rows(); ++row) {
    for (Eigen::Index column = 0; column < actual.cols(); ++column) {
      ASSERT_NEAR(actual(row, column), expected(row, column), tolerance)
          << "row " << row << ", column " << column;
    }
  }
}

}  // namespace vitrine::testing
