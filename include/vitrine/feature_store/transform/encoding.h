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

// Categories as numbers. Columns of texts and of numbers will do: a number is the category of its
// shortest decimal. Fit learns from training rows; errors are those of ChooseColumns and, of Apply,
// of FeatureTable::Get, and what is said below. docs/transforms.md has the formulas.

enum class UnseenPolicy : std::uint8_t {
  kIgnore = 0,  // As no category: zeros, or a missing value.
  kError = 1,   // INVALID_ARGUMENT, with the category.
  kOther = 2,   // A category of its own, as of all that are rare.
};
constexpr UnseenPolicy LastOf(UnseenPolicy) { return UnseenPolicy::kOther; }

// A column x becomes a column x=c for each category c, 1 in rows of that category and else 0, in
// ascending order of their bytes; with kOther x=(other) behind them. Of a missing value all are 0,
// or, with has_missing, x=(missing) is 1.
struct OneHotSettings {
  static constexpr std::string_view kKind = "one_hot";
  ColumnChoice columns{};
  UnseenPolicy unseen = UnseenPolicy::kIgnore;
  bool has_missing = false;
  std::size_t min_count = 1;       // Categories of fewer training rows count as unseen.
  std::size_t max_categories = 0;  // The most frequent so many are kept; 0: all, and more than
                                   // kMaxOneHotCategories are INVALID_ARGUMENT.
};
inline constexpr std::size_t kMaxOneHotCategories = 1000;

struct OneHotColumn {
  std::string name{};
  std::vector<std::string> categories{};  // Ascending.
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.categories);
  }
};

struct FittedOneHot {
  static constexpr std::string_view kKind = OneHotSettings::kKind;
  UnseenPolicy unseen{};
  bool has_missing = false;
  std::vector<OneHotColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.unseen, self.has_missing, self.columns);
  }
};

absl::StatusOr<FittedOneHot> Fit(const FeatureTable& table, const OneHotSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedOneHot& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedOneHot& fitted);
bool IsSound(const FittedOneHot& fitted);

// A category becomes its rank by frequency, 0 the most frequent; of equally frequent ones the
// smaller comes first. A missing value stays missing; with kOther one that was never seen has the
// rank behind all others, with kIgnore it becomes missing.
struct OrdinalSettings {
  static constexpr std::string_view kKind = "ordinal";
  ColumnChoice columns{};
  UnseenPolicy unseen = UnseenPolicy::kOther;
};

struct OrdinalColumn {
  std::string name{};
  std::vector<std::string> categories{};  // Ascending.
  std::vector<std::size_t> ranks{};       // [categories]
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.categories, self.ranks);
  }
};

struct FittedOrdinal {
  static constexpr std::string_view kKind = OrdinalSettings::kKind;
  UnseenPolicy unseen{};
  std::vector<OrdinalColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.unseen, self.columns);
  }
};

absl::StatusOr<FittedOrdinal> Fit(const FeatureTable& table, const OrdinalSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedOrdinal& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedOrdinal& fitted);
bool IsSound(const FittedOrdinal& fitted);

// Feature hashing (Weinberger et al., "Feature hashing for large scale multitask learning", 2009):
// all columns chosen become `num_buckets` columns PREFIX_0, PREFIX_1, ... at the end of the table.
// With h = XXH3 (64 bits) of the seed (8 bytes, little endian), "COLUMN=" and the category, each
// category adds to bucket (h >> 1) mod num_buckets: 1, or, where is_signed, -1 if h is odd, so that
// what collides cancels out on average. Nothing is learned, so nothing is unseen; a missing value
// adds nothing.
struct HashSettings {
  static constexpr std::string_view kKind = "hash";
  ColumnChoice columns{};
  std::size_t num_buckets = 32;  // [1, 65536]
  std::uint64_t seed = 0;
  bool is_signed = true;
  std::string prefix = "hash";
};

struct FittedHash {
  static constexpr std::string_view kKind = HashSettings::kKind;
  std::vector<std::string> columns{};
  std::size_t num_buckets = 0;
  std::uint64_t seed = 0;
  bool is_signed = true;
  std::string prefix{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.columns, self.num_buckets, self.seed, self.is_signed, self.prefix);
  }
};

absl::StatusOr<FittedHash> Fit(const FeatureTable& table, const HashSettings& settings);
absl::StatusOr<FeatureTable> Apply(const FittedHash& fitted, FeatureTable table);
std::vector<std::string> Describe(const FittedHash& fitted);
bool IsSound(const FittedHash& fitted);

}  // namespace vitrine
