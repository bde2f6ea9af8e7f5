#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"
#include "vitrine/feature_store/transform/text_features.h"

namespace vitrine {

// Columns of texts as numbers, as text_features.h has it; each column by itself. A missing text is
// an empty one, which is zeros.

// A column x becomes a column x:t for each term t.
struct TfIdfSettings {
  static constexpr std::string_view kKind = "tf_idf";
  ColumnChoice columns{};
  TfIdfOptions options{.max_terms = 100};  // From 1 to kMaxTermColumns terms.
};
inline constexpr std::size_t kMaxTermColumns = 10'000;

struct TfIdfColumn {
  std::string name{};
  std::optional<TfIdf> tf_idf{};  // Never without.
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.tf_idf);
  }
};

struct FittedTfIdf {
  static constexpr std::string_view kKind = TfIdfSettings::kKind;
  std::vector<TfIdfColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns);
  }
};

// Errors of all four: INVALID_ARGUMENT a setting out of range, a column without a term; those of
// ChooseColumns and GetTexts.
absl::StatusOr<FittedTfIdf> Fit(const FeatureTable& table, const TfIdfSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedTfIdf& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedTfIdf& fitted);
bool IsSound(const FittedTfIdf& fitted);

// A column x becomes x_lsa_0, x_lsa_1, ...: its place in the few directions in which terms vary
// together.
struct LatentSemanticsSettings {
  static constexpr std::string_view kKind = "latent_semantics";
  ColumnChoice columns{};
  TfIdfOptions terms{};
  LatentSemanticsOptions options{.dimensions = 16};
};

struct LatentColumn {
  std::string name{};
  std::optional<TfIdf> tf_idf{};  // Never without, as the next one.
  std::optional<LatentSemantics> semantics{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.tf_idf, self.semantics);
  }
};

struct FittedLatentSemantics {
  static constexpr std::string_view kKind = LatentSemanticsSettings::kKind;
  std::vector<LatentColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns);
  }
};

absl::StatusOr<FittedLatentSemantics> Fit(const FeatureTable& table,
                                          const LatentSemanticsSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedLatentSemantics& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedLatentSemantics& fitted);
bool IsSound(const FittedLatentSemantics& fitted);

}  // namespace vitrine
