#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// Transforms of columns of numbers. A missing value stays missing. Fit learns from the rows it is
// given, which must be training rows alone, and fails with INVALID_ARGUMENT where a column is no
// column of numbers or all of it is missing; Apply fails as FeatureTable::Get where a column is not
// there or of the other kind. Describe has a line for each column, on what was learned of it;
// IsSound is false for what no Fit makes, so that a damaged file is not used. Formulas and
// settings: docs/transforms.md.

enum class ScaleMethod : std::uint8_t {
  kMinMax = 0,    // low + (x - min) / (max - min) (high - low)
  kStandard = 1,  // (x - mean) / deviation, over n
  kRobust = 2,    // (x - median) / (upper - lower quantile)
};
constexpr ScaleMethod LastOf(ScaleMethod) { return ScaleMethod::kRobust; }

struct ScaleSettings {
  static constexpr std::string_view kKind = "scale";
  ColumnChoice columns{};
  ScaleMethod method = ScaleMethod::kStandard;
  double low = 0;  // Of kMinMax; low < high.
  double high = 1;
  double lower = 0.25;  // Of kRobust; 0 <= lower < upper <= 1.
  double upper = 0.75;
  bool is_clipped = false;  // kMinMax: a value outside of what was seen becomes low or high.
};

// x becomes offset + (x - center) / spread. A constant column has spread 1 and becomes the offset.
struct ScaledColumn {
  std::string name{};
  double center = 0;
  double spread = 1;
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.center, self.spread);
  }
};

struct FittedScale {
  static constexpr std::string_view kKind = ScaleSettings::kKind;
  ScaleMethod method{};
  double low = 0;
  double high = 1;
  bool is_clipped = false;
  std::vector<ScaledColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.method, self.low, self.high, self.is_clipped, self.columns);
  }
};

absl::StatusOr<FittedScale> Fit(const FeatureTable& table, const ScaleSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedScale& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedScale& fitted);
bool IsSound(const FittedScale& fitted);

enum class NegativePolicy : std::uint8_t {
  kError = 0,   // INVALID_ARGUMENT, in Fit and in Apply.
  kSigned = 1,  // sign(x) ln(1 + |x|)
  kZero = 2,    // As 0.
};
constexpr NegativePolicy LastOf(NegativePolicy) { return NegativePolicy::kZero; }

// x becomes ln(1 + x).
struct LogSettings {
  static constexpr std::string_view kKind = "log1p";
  ColumnChoice columns{};
  NegativePolicy negative = NegativePolicy::kError;
};

struct FittedLog {
  static constexpr std::string_view kKind = LogSettings::kKind;
  NegativePolicy negative{};
  std::vector<std::string> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.negative, self.columns);
  }
};

absl::StatusOr<FittedLog> Fit(const FeatureTable& table, const LogSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedLog& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedLog& fitted);

// x becomes the number of its bin, 0 the lowest; bins hold about equally many training rows. A
// value on an edge is in the bin above; one beyond all that was seen in the first or last.
// Quantiles that coincide are one edge, so that there may be fewer bins than wanted.
struct BinSettings {
  static constexpr std::string_view kKind = "bins";
  ColumnChoice columns{};
  std::size_t num_bins = 10;  // >= 2
};

struct BinnedColumn {
  std::string name{};
  std::vector<double> edges{};  // Between bins, ascending; bins - 1 of them.
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.edges);
  }
};

struct FittedBins {
  static constexpr std::string_view kKind = BinSettings::kKind;
  std::vector<BinnedColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns);
  }
};

absl::StatusOr<FittedBins> Fit(const FeatureTable& table, const BinSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedBins& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedBins& fitted);
bool IsSound(const FittedBins& fitted);

}  // namespace vitrine
