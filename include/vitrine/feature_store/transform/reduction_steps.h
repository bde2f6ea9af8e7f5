#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"
#include "vitrine/feature_store/transform/reduction.h"

namespace vitrine {

// Columns of numbers as fewer ones, PREFIX_0, PREFIX_1, ... at the end of the table, as reduction.h
// has it. No value of the columns chosen may be missing, in Fit or in Apply.

struct PcaSettings {
  static constexpr std::string_view kKind = "pca";
  ColumnChoice columns{};
  PcaOptions options{};
  std::string prefix = "pca";
};

struct FittedPca {
  static constexpr std::string_view kKind = PcaSettings::kKind;
  std::vector<std::string> columns{};
  std::string prefix{};
  std::optional<Pca> pca{};  // Never without.
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns, self.prefix, self.pca);
  }
};

// Errors: INVALID_ARGUMENT a missing value; those of ChooseColumns and Pca.
absl::StatusOr<FittedPca> Fit(const FeatureTable& table, const PcaSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedPca& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedPca& fitted);
bool IsSound(const FittedPca& fitted);

// The target's values are the classes, whether texts or numbers.
struct DiscriminantSettings {
  static constexpr std::string_view kKind = "lda";
  ColumnChoice columns{};
  std::string target{};
  DiscriminantOptions options{};
  std::string prefix = "lda";
};

struct FittedDiscriminants {
  static constexpr std::string_view kKind = DiscriminantSettings::kKind;
  std::vector<std::string> columns{};
  std::string prefix{};
  std::optional<LinearDiscriminants> discriminants{};  // Never without.
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns, self.prefix, self.discriminants);
  }
};

// Errors: INVALID_ARGUMENT a missing value or class, no target; those of ChooseColumns and
// LinearDiscriminants.
absl::StatusOr<FittedDiscriminants> Fit(const FeatureTable& table,
                                        const DiscriminantSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedDiscriminants& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedDiscriminants& fitted);
bool IsSound(const FittedDiscriminants& fitted);

}  // namespace vitrine
