#include "scorers/content/content_blocks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scorers/sparse_scores.h"

namespace vitrine {
namespace {

// Twice as many, which the largest have, RowBlocks takes.
constexpr std::size_t kItemsOfBlock = 96;
static_assert(2 * kItemsOfBlock <= RowBlocks::kMostRows);

bool HasMeaning(const ContentTable& table) {
  return table.meaning.size() > 0 && table.options.meaning_weight > 0;
}

// Of words and meaning as their products count.
RowParts PartsOf(const ContentTable& table) {
  const Matrix none;
  return PartsByDirection({.sparse = table.items,
                           .dense = HasMeaning(table) ? table.meaning : none,
                           .dense_weight = std::sqrt(table.options.meaning_weight)},
                          kItemsOfBlock);
}

double LongestRow(const CsrMatrix& rows) {
  double longest = 0;
  for (std::size_t row = 0; row < rows.num_rows; ++row) {
    double squared = 0;
    for (const float value : rows.Values(row)) {
      squared += static_cast<double>(value) * static_cast<double>(value);
    }
    longest = std::max(longest, squared);
  }
  return std::sqrt(longest);
}

double LongestRow(const Matrix& rows) {
  double longest = 0;
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    longest = std::max(longest, rows.row(row).cast<double>().squaredNorm());
  }
  return std::sqrt(longest);
}

}  // namespace

Content::Blocks::Blocks(const ContentTable& table)
    : items_(PartsOf(table)), words_(table.items, items_), longest_words_(LongestRow(table.items)) {
  if (!HasMeaning(table)) return;
  meaning_ = RowBlocks(table.meaning, items_);
  longest_meaning_ = LongestRow(table.meaning);
}

double Content::Blocks::RoundingOf(const Profile& profile) const {
  constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
  constexpr double kLeastOfAll = std::numeric_limits<float>::denorm_min();
  double squared = 0;
  for (const Feature& feature : profile.features) {
    squared += static_cast<double>(feature.weight) * static_cast<double>(feature.weight);
  }
  // A share of what is summed, by Cauchy and Schwarz, and below normal floats the least of all.
  const double words = std::sqrt(squared) * longest_words_;
  const double meaning = profile.sense.cast<double>().norm() * longest_meaning_;
  const auto num_parts =
      static_cast<double>(profile.features.size()) + static_cast<double>(profile.sense.size()) + 16;
  return (kEpsilon * (words + meaning) + kLeastOfAll) * num_parts;
}

std::vector<Content::Blocks::Bounded> Content::Blocks::Bounds(const Profile& profile) const {
  constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
  std::vector<float> words(items_.size(), SparseScores::kUntouched);
  for (const Feature& feature : profile.features) {
    words_.Add(feature.feature, std::max(feature.weight, 0.0F), words);  // A dislike adds nothing.
  }
  const double rounding_up = 1 + kEpsilon * static_cast<double>(profile.features.size() + 4);
  const double rounding = RoundingOf(profile);
  std::vector<RowBlocks::Bounded> meaning;
  if (profile.sense.size() > 0) {
    meaning =
        meaning_.Bounds({profile.sense.data(), static_cast<std::size_t>(profile.sense.size())});
  }
  std::vector<Bounded> bounds;
  bounds.reserve(items_.size());
  for (std::size_t block = 0; block < items_.size(); ++block) {
    if (meaning.empty() && SparseScores::IsUntouched(words[block])) continue;
    const double of_meaning = rounding + (meaning.empty() ? 0 : meaning[block].most);
    const double most = static_cast<double>(words[block]) * rounding_up + of_meaning;
    // Of numbers that overflow nothing is known.
    const double known = std::isnan(most) ? std::numeric_limits<double>::infinity() : most;
    bounds.push_back({.most = known, .most_of_meaning = of_meaning, .block = block});
  }
  return bounds;
}

}  // namespace vitrine
