#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/behaviour/as_of.h"

namespace vitrine::cli {

// How a CSV file of labels is read.
struct LabelsFormat {
  char delimiter = ',';
  std::string time_zone = "UTC";  // Of times without an offset.
};

// The rows of a training set before they have features: of whom, of what and when each is. All
// columns are kept as they stand in the file, the label itself among them.
struct Labels {
  std::vector<std::string> columns{};
  std::vector<std::vector<std::string>> rows{};  // [rows][columns]
  std::vector<FeatureQuestion> questions{};      // [rows]
  bool has_shoppers = false;                     // There is a column user_id or visitor_id,
  bool has_items = false;                        // and one item_id.
};

// Reads a file with a header that has `time`, and `user_id`, `visitor_id` or `item_id`. Errors:
// NOT_FOUND no such file; INVALID_ARGUMENT "file:line: ", what was seen and what is wanted: a
// column that is missing, a row of another length, a time that is none, a row about nobody and
// nothing, or no row at all.
absl::StatusOr<Labels> ReadLabels(const std::string& path, const LabelsFormat& format);

}  // namespace vitrine::cli
