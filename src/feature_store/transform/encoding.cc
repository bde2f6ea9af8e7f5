#include "vitrine/feature_store/transform/encoding.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/categories.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMaxBuckets = 65'536;
constexpr std::size_t kShownCategories = 8;

using Count = std::pair<std::string, std::size_t>;

// The most frequent first; of equally frequent ones the smaller.
std::vector<Count> ByFrequency(const Column& column) {
  const std::map<std::string, std::size_t> counts = CountCategories(column);
  std::vector<Count> ranked(counts.begin(), counts.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Count& a, const Count& b) { return a.second > b.second; });
  return ranked;
}

absl::StatusOr<OneHotColumn> Learn(const Column& column, const OneHotSettings& settings) {
  std::vector<Count> ranked = ByFrequency(column);
  std::erase_if(ranked, [&](const Count& each) { return each.second < settings.min_count; });
  if (settings.max_categories == 0 && ranked.size() > kMaxOneHotCategories) {
    return absl::InvalidArgumentError(
        absl::StrFormat("column %s has %d categories, and one_hot makes a column of each; keep the "
                        "most frequent with max_categories, or use hash or target_mean",
                        column.name, ranked.size()));
  }
  if (settings.max_categories > 0 && ranked.size() > settings.max_categories) {
    ranked.resize(settings.max_categories);
  }
  OneHotColumn learned{.name = column.name};
  for (Count& each : ranked) learned.categories.push_back(std::move(each.first));
  std::sort(learned.categories.begin(), learned.categories.end());
  return learned;
}

// Columns of zeros, in the order of the categories; behind them, where wanted, other and missing.
std::vector<Column> EmptyColumns(const OneHotColumn& learned, const FittedOneHot& fitted,
                                 std::size_t num_rows) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& category) {
    columns.push_back({.name = learned.name + "=" + category, .cells = Numbers(num_rows, 0)});
  };
  for (const std::string& category : learned.categories) add(category);
  if (fitted.unseen == UnseenPolicy::kOther) add("(other)");
  if (fitted.has_missing) add("(missing)");
  return columns;
}

absl::StatusOr<std::vector<Column>> Encode(const Column& column, const OneHotColumn& learned,
                                           const FittedOneHot& fitted) {
  std::vector<Column> columns = EmptyColumns(learned, fitted, column.size());
  for (std::size_t row = 0; row < column.size(); ++row) {
    const std::optional<std::string> text = CellText(column, row);
    std::optional<std::size_t> place;
    if (!text.has_value()) {
      if (fitted.has_missing) place = columns.size() - 1;
    } else {
      place = FindCategory(learned.categories, *text);
      if (!place.has_value() && fitted.unseen == UnseenPolicy::kOther) {
        place = learned.categories.size();
      }
      if (!place.has_value() && fitted.unseen == UnseenPolicy::kError) {
        return UnseenCategory(column.name, *text, row);
      }
    }
    if (place.has_value()) std::get<Numbers>(columns[*place].cells)[row] = 1;
  }
  return columns;
}

absl::StatusOr<Numbers> Rank(const Column& column, const OrdinalColumn& learned,
                             UnseenPolicy unseen) {
  Numbers ranks(column.size(), kMissing);
  for (std::size_t row = 0; row < column.size(); ++row) {
    const std::optional<std::string> text = CellText(column, row);
    if (!text.has_value()) continue;
    const std::optional<std::size_t> place = FindCategory(learned.categories, *text);
    if (place.has_value()) {
      ranks[row] = static_cast<double>(learned.ranks[*place]);
    } else if (unseen == UnseenPolicy::kOther) {
      ranks[row] = static_cast<double>(learned.categories.size());
    } else if (unseen == UnseenPolicy::kError) {
      return UnseenCategory(column.name, *text, row);
    }
  }
  return ranks;
}

std::string Listed(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShownCategories); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kShownCategories ? text + ", ..." : text;
}

}  // namespace

absl::StatusOr<FittedOneHot> Fit(const FeatureTable& table, const OneHotSettings& settings) {
  FittedOneHot fitted{.unseen = settings.unseen, .has_missing = settings.has_missing};
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(OneHotColumn column, Learn(*table.Find(name), settings));
    fitted.columns.push_back(std::move(column));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedOneHot& fitted, FeatureTable table) {
  for (const OneHotColumn& learned : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(learned.name));
    VITRINE_ASSIGN_OR_RETURN(std::vector<Column> encoded, Encode(*column, learned, fitted));
    VITRINE_RETURN_IF_ERROR(table.Replace(learned.name, std::move(encoded)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedOneHot& fitted) {
  std::vector<std::string> lines;
  for (const OneHotColumn& column : fitted.columns) {
    lines.push_back(absl::StrFormat("%s: %d categories: %s", column.name, column.categories.size(),
                                    Listed(column.categories)));
  }
  return lines;
}

bool IsSound(const FittedOneHot& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(),
                     [](const OneHotColumn& column) { return Ascends(column.categories); });
}

absl::StatusOr<FittedOrdinal> Fit(const FeatureTable& table, const OrdinalSettings& settings) {
  FittedOrdinal fitted{.unseen = settings.unseen};
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    const std::vector<Count> ranked = ByFrequency(*table.Find(name));
    std::map<std::string, std::size_t> ranks;
    for (std::size_t rank = 0; rank < ranked.size(); ++rank) ranks[ranked[rank].first] = rank;
    OrdinalColumn& column = fitted.columns.emplace_back();
    column.name = name;
    for (const auto& [category, rank] : ranks) {
      column.categories.push_back(category);
      column.ranks.push_back(rank);
    }
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedOrdinal& fitted, FeatureTable table) {
  for (const OrdinalColumn& learned : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(learned.name));
    VITRINE_ASSIGN_OR_RETURN(Numbers ranks, Rank(*column, learned, fitted.unseen));
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(learned.name, std::move(ranks)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedOrdinal& fitted) {
  std::vector<std::string> lines;
  for (const OrdinalColumn& column : fitted.columns) {
    std::vector<std::string> ranked(column.categories.size());
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      ranked[column.ranks[i]] = column.categories[i];
    }
    lines.push_back(absl::StrFormat("%s: %d categories, the most frequent first: %s", column.name,
                                    ranked.size(), Listed(ranked)));
  }
  return lines;
}

bool IsSound(const FittedOrdinal& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(), [](const OrdinalColumn& column) {
    // The ranks are 0, 1, ... in some order.
    std::vector<std::size_t> sorted = column.ranks;
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::size_t> wanted(column.categories.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    return Ascends(column.categories) && sorted == wanted;
  });
}

absl::StatusOr<FittedHash> Fit(const FeatureTable& table, const HashSettings& settings) {
  if (settings.num_buckets < 1 || settings.num_buckets > kMaxBuckets) {
    return absl::InvalidArgumentError(absl::StrFormat("there would be %d buckets; wants 1 to %d",
                                                      settings.num_buckets, kMaxBuckets));
  }
  FittedHash fitted{.num_buckets = settings.num_buckets,
                    .seed = settings.seed,
                    .is_signed = settings.is_signed,
                    .prefix = settings.prefix};
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, settings.columns));
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedHash& fitted, FeatureTable table) {
  std::vector<Numbers> buckets(fitted.num_buckets, Numbers(table.num_rows(), 0));
  ByteWriter seed;
  seed.Fixed64(fitted.seed);
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(name));
    const std::string key = seed.bytes() + name + "=";
    for (std::size_t row = 0; row < column->size(); ++row) {
      const std::optional<std::string> text = CellText(*column, row);
      if (!text.has_value()) continue;
      const std::uint64_t hash = Checksum(key + *text);
      const bool is_negative = fitted.is_signed && (hash & 1U) != 0;
      buckets[(hash >> 1U) % fitted.num_buckets][row] += is_negative ? -1 : 1;
    }
    VITRINE_RETURN_IF_ERROR(table.Replace(name, {}));
  }
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    VITRINE_RETURN_IF_ERROR(table.Add({.name = absl::StrFormat("%s_%d", fitted.prefix, bucket),
                                       .cells = std::move(buckets[bucket])}));
  }
  return table;
}

std::vector<std::string> Describe(const FittedHash& fitted) {
  return {absl::StrFormat("%s: %d%s buckets of %s, seed %d", fitted.prefix, fitted.num_buckets,
                          fitted.is_signed ? " signed" : "", Listed(fitted.columns), fitted.seed)};
}

bool IsSound(const FittedHash& fitted) {
  return fitted.num_buckets >= 1 && fitted.num_buckets <= kMaxBuckets;
}

}  // namespace vitrine
