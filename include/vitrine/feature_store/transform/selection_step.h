#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

enum class SelectionCriterion : std::uint8_t {
  kVariance = 0,           // Keeps columns whose variance is above `threshold`.
  kMutualInformation = 1,  // Keeps the `count` columns that tell most about the target.
  kInflation = 2,          // Drops what others nearly say, until no variance inflation factor is
                           // above `most_inflation`.
};
constexpr SelectionCriterion LastOf(SelectionCriterion) { return SelectionCriterion::kInflation; }

// Drops columns of numbers that tell little, as selection.h has it. No value of the columns
// chosen may be missing.
struct SelectionSettings {
  static constexpr std::string_view kKind = "selection";
  ColumnChoice columns{};
  SelectionCriterion criterion = SelectionCriterion::kVariance;
  double threshold = 0;
  std::size_t count = 10;
  double most_inflation = 10;
  // Of kMutualInformation: a column of texts, or of numbers that are classes, or of numbers.
  std::string target{};
  bool is_target_class = false;
  std::size_t neighbours = 3;
  std::vector<std::string> discrete{};  // Of the columns: those whose values are categories.
  std::uint64_t seed = 1;
};

// A column with its variance, mutual information in nats, or variance inflation factor among all
// that were chosen, std::nullopt where that is infinite.
struct ScoredColumn {
  std::string name{};
  std::optional<double> score{};
  bool is_kept = false;
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.score, self.is_kept);
  }
};

struct FittedSelection {
  static constexpr std::string_view kKind = SelectionSettings::kKind;
  SelectionCriterion criterion{};
  std::vector<ScoredColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.criterion, self.columns);
  }
};

// Errors: INVALID_ARGUMENT a missing value, a setting out of range, no target, no column left;
// those of ChooseColumns.
absl::StatusOr<FittedSelection> Fit(const FeatureTable& table, const SelectionSettings& settings);

// Errors: those of FeatureTable::Get.
absl::StatusOr<FeatureTable> Apply(const FittedSelection& fitted, FeatureTable table);

std::vector<std::string> Describe(const FittedSelection& fitted);

}  // namespace vitrine
