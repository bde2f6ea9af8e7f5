#include "feature_store/transform/categories.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace vitrine {

std::map<std::string, std::size_t> CountCategories(const Column& column) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t row = 0; row < column.size(); ++row) {
    std::optional<std::string> text = CellText(column, row);
    if (text.has_value()) ++counts[*std::move(text)];
  }
  return counts;
}

std::optional<std::size_t> FindCategory(std::span<const std::string> ascending,
                                        std::string_view category) {
  const auto found = std::lower_bound(ascending.begin(), ascending.end(), category);
  if (found == ascending.end() || *found != category) return std::nullopt;
  return static_cast<std::size_t>(found - ascending.begin());
}

bool Ascends(std::span<const std::string> categories) {
  return std::adjacent_find(categories.begin(), categories.end(), std::greater_equal<>()) ==
         categories.end();
}

absl::Status UnseenCategory(std::string_view column, std::string_view category, std::size_t row) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "row %d of column %s is \"%s\", which no training row was; let unseen be \"ignore\" or "
      "\"other\" to go on",
      row + 1, column, category.substr(0, 40)));
}

}  // namespace vitrine
