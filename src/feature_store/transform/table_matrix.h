#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// The columns `names` of a table [rows x names]. Errors: those of GetNumbers; INVALID_ARGUMENT a
// value is missing.
absl::StatusOr<Eigen::MatrixXd> GatherNumbers(const FeatureTable& table,
                                              const std::vector<std::string>& names);

// The class of each row: the place of the target's value among all its values. Errors: those of
// Get; INVALID_ARGUMENT the target is not named, or missing in a row.
absl::StatusOr<std::vector<std::int64_t>> GatherClasses(const FeatureTable& table,
                                                        const std::string& target);

// The columns of `matrix` as those of a table, PREFIX0, PREFIX1, ...
std::vector<Column> NumberedColumns(const Eigen::MatrixXd& matrix, const std::string& prefix);

// Puts `columns` at the end of the table in the place of the columns `names`. Errors: those of
// FeatureTable::Replace.
absl::Status Exchange(FeatureTable& table, const std::vector<std::string>& names,
                      std::vector<Column> columns);

}  // namespace vitrine
