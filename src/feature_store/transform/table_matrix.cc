#include "feature_store/transform/table_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

absl::StatusOr<Eigen::MatrixXd> GatherNumbers(const FeatureTable& table,
                                              const std::vector<std::string>& names) {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(table.num_rows()),
                         static_cast<Eigen::Index>(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(names[i]));
    const auto missing = std::find_if(numbers->begin(), numbers->end(),
                                      [](double value) { return std::isnan(value); });
    if (missing != numbers->end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d of column %s is missing, and this step wants every value; impute before it",
          missing - numbers->begin() + 1, names[i]));
    }
    matrix.col(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::VectorXd>(numbers->data(), matrix.rows());
  }
  return matrix;
}

absl::StatusOr<std::vector<std::int64_t>> GatherClasses(const FeatureTable& table,
                                                        const std::string& target) {
  if (target.empty()) {
    return absl::InvalidArgumentError("the step has no target; name the column of the classes");
  }
  VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(target));
  std::map<std::string, std::int64_t> numbers;
  std::vector<std::int64_t> classes;
  classes.reserve(column->size());
  for (std::size_t row = 0; row < column->size(); ++row) {
    std::optional<std::string> text = CellText(*column, row);
    if (!text.has_value()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d has no target (column %s); leave rows without one out", row + 1, target));
    }
    const auto next = static_cast<std::int64_t>(numbers.size());
    classes.push_back(numbers.try_emplace(*std::move(text), next).first->second);
  }
  return classes;
}

std::vector<Column> NumberedColumns(const Eigen::MatrixXd& matrix, const std::string& prefix) {
  std::vector<Column> columns;
  for (Eigen::Index i = 0; i < matrix.cols(); ++i) {
    const auto values = matrix.col(i);
    columns.push_back(
        {.name = prefix + std::to_string(i), .cells = Numbers(values.begin(), values.end())});
  }
  return columns;
}

absl::Status Exchange(FeatureTable& table, const std::vector<std::string>& names,
                      std::vector<Column> columns) {
  // New before old: a table without a column has forgotten its rows.
  for (Column& column : columns) VITRINE_RETURN_IF_ERROR(table.Add(std::move(column)));
  for (const std::string& name : names) VITRINE_RETURN_IF_ERROR(table.Replace(name, {}));
  return absl::OkStatus();
}

}  // namespace vitrine
