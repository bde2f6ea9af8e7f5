#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

enum class Keep : std::uint8_t { kFirst = 0, kLast = 1 };
constexpr Keep LastOf(Keep) { return Keep::kLast; }

// Drops rows that repeat another row of the same table in all of `keys`, or in every column where
// there are none. Missing equals missing, -0 equals 0; the rows that stay keep their order. It
// remembers no row: applied to new rows it looks for repetitions among those.
struct DeduplicateSettings {
  static constexpr std::string_view kKind = "deduplicate";
  std::vector<std::string> keys{};
  Keep keep = Keep::kFirst;
};

struct FittedDeduplicate {
  static constexpr std::string_view kKind = DeduplicateSettings::kKind;
  std::vector<std::string> keys{};
  Keep keep{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.keys, self.keep);
  }
};

// Errors of both: those of FeatureTable::Get.
absl::StatusOr<FittedDeduplicate> Fit(const FeatureTable& table,
                                      const DeduplicateSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedDeduplicate& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedDeduplicate& fitted);

enum class ClipMethod : std::uint8_t {
  kQuantile = 0,  // Bounds: the quantiles `lower` and `upper` of the column.
  kZScore = 1,    // Bounds: the mean less and plus `deviations` standard deviations, over n.
};
constexpr ClipMethod LastOf(ClipMethod) { return ClipMethod::kZScore; }

// Outliers become the bound that they are beyond.
struct ClipSettings {
  static constexpr std::string_view kKind = "clip";
  ColumnChoice columns{};
  ClipMethod method = ClipMethod::kQuantile;
  double lower = 0.01;  // 0 <= lower < upper <= 1
  double upper = 0.99;
  double deviations = 3;  // > 0
};

struct ClippedColumn {
  std::string name{};
  double low = 0;
  double high = 0;
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.low, self.high);
  }
};

struct FittedClip {
  static constexpr std::string_view kKind = ClipSettings::kKind;
  std::vector<ClippedColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns);
  }
};

// Errors: INVALID_ARGUMENT a column of texts or with no value, a setting out of range; those of
// ChooseColumns.
absl::StatusOr<FittedClip> Fit(const FeatureTable& table, const ClipSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedClip& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedClip& fitted);
bool IsSound(const FittedClip& fitted);

enum class ConvertTo : std::uint8_t {
  kNumber = 0,  // A decimal, blanks around it aside; inf and nan become missing.
  kText = 1,    // A number in its shortest form.
  kTime = 2,    // Seconds since 1970.
};
constexpr ConvertTo LastOf(ConvertTo) { return ConvertTo::kTime; }

enum class Unparsable : std::uint8_t {
  kError = 0,    // INVALID_ARGUMENT with the first such cell and how many there are.
  kMissing = 1,  // Such a cell becomes missing.
};
constexpr Unparsable LastOf(Unparsable) { return Unparsable::kMissing; }

// Makes cells of another type. A column that is of that type already stays as it is.
struct ConvertSettings {
  static constexpr std::string_view kKind = "convert";
  ColumnChoice columns{};
  ConvertTo to = ConvertTo::kNumber;
  Unparsable unparsable = Unparsable::kError;
  std::string format = "auto";    // Of times: as TimeFormat.
  std::string time_zone = "UTC";  // Of times that do not say.
};

struct FittedConvert {
  static constexpr std::string_view kKind = ConvertSettings::kKind;
  std::vector<std::string> columns{};
  ConvertTo to{};
  Unparsable unparsable{};
  std::string format{};
  std::string time_zone{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns, self.to, self.unparsable, self.format, self.time_zone);
  }
};

// Fit looks at the columns' names alone; cells are looked at by Apply. Errors: INVALID_ARGUMENT the
// zone is not known on this machine; cells that are not of the type; those of ChooseColumns.
absl::StatusOr<FittedConvert> Fit(const FeatureTable& table, const ConvertSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedConvert& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedConvert& fitted);

// Keeps the columns chosen and drops the others, or the other way round.
struct SelectSettings {
  static constexpr std::string_view kKind = "select";
  ColumnChoice columns{};
  bool is_dropping = false;  // Those chosen are dropped.
};

struct FittedSelect {
  static constexpr std::string_view kKind = SelectSettings::kKind;
  std::vector<std::string> dropped{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.dropped);
  }
};

// Errors: those of ChooseColumns, and of FeatureTable::Get.
absl::StatusOr<FittedSelect> Fit(const FeatureTable& table, const SelectSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedSelect& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedSelect& fitted);

}  // namespace vitrine
