#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

enum class ImputeMethod : std::uint8_t {
  kConstant = 0,
  kMean = 1,    // Of numbers alone.
  kMedian = 2,  // Of numbers alone.
  kMode = 3,    // The value seen most often; of equally frequent ones the smallest.
  kLast = 4,    // The one of the row before; for texts too.
};
constexpr ImputeMethod LastOf(ImputeMethod) { return ImputeMethod::kLast; }

// Puts a value where one is missing. With `is_marked`, a column x gets a column x_missing beside
// it, 1 where the value was missing.
struct ImputeSettings {
  static constexpr std::string_view kKind = "impute";
  ColumnChoice columns{};
  ImputeMethod method = ImputeMethod::kMedian;
  std::optional<double> number{};     // Of kConstant, for columns of numbers.
  std::optional<std::string> text{};  // Of kConstant, for columns of texts.
  bool is_marked = false;
};

// What stands in for missing values of one column: the number or the text, as the kind says. With
// kLast it is what rows before the first known value get, and the value that the rows fitted on
// ended with: new rows come after those.
struct ImputedColumn {
  std::string name{};
  ColumnKind kind{};
  double number = 0;
  std::string text{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.kind, self.number, self.text);
  }
};

struct FittedImpute {
  static constexpr std::string_view kKind = ImputeSettings::kKind;
  ImputeMethod method{};
  bool is_marked = false;
  std::vector<ImputedColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.method, self.is_marked, self.columns);
  }
};

// Errors: INVALID_ARGUMENT a column all of which is missing, except with kConstant; a mean or
// median of texts; a constant that is not given, or infinite; those of ChooseColumns.
absl::StatusOr<FittedImpute> Fit(const FeatureTable& table, const ImputeSettings& settings);

// Errors: those of FeatureTable::Get.
absl::StatusOr<FeatureTable> Apply(const FittedImpute& fitted, FeatureTable table);

// The same for the rows fitted on: with kLast, rows before the first known value get that one.
absl::StatusOr<FeatureTable> ApplyToFitRows(const FittedImpute& fitted,
                                            const ImputeSettings& settings, FeatureTable table);

std::vector<std::string> Describe(const FittedImpute& fitted);

}  // namespace vitrine
