#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// Times on a circle, so that 23 o'clock is near midnight and Sunday near Monday. A column T of
// seconds since 1970 becomes T_hour_sin = sin(2 pi h / 24) and T_hour_cos, h the full hour of the
// zone's clock, and T_weekday_sin = sin(2 pi d / 7) and T_weekday_cos, d = 0 on Mondays. A missing
// time has four missing values.
struct CyclicalSettings {
  static constexpr std::string_view kKind = "cyclical";
  ColumnChoice columns{};
  std::string time_zone = "UTC";
  bool has_hour = true;  // One of the two at least.
  bool has_weekday = true;
};

struct FittedCyclical {
  static constexpr std::string_view kKind = CyclicalSettings::kKind;
  std::string time_zone{};
  bool has_hour = true;
  bool has_weekday = true;
  std::vector<std::string> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.time_zone, self.has_hour, self.has_weekday, self.columns);
  }
};

// Errors of both: INVALID_ARGUMENT the zone is not known on this machine, a number that is no time
// of the years 1 to 9999 in seconds (milliseconds are not); those of FeatureTable::GetNumbers.
absl::StatusOr<FittedCyclical> Fit(const FeatureTable& table, const CyclicalSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedCyclical& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedCyclical& fitted);

}  // namespace vitrine
