#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/collaborative/most_popular.h"
#include "vitrine/scorers/content/content.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What of a model one sketch cannot do without, once it has weighed the history or made a vector of
// it. Floats and indices are of four bytes.
struct SketchNeed {
  double bytes = 0;     // Read.
  double products = 0;  // Of eight bits.
};

// What is known of the sketches of one model.
struct SketchNeeds {
  double num_bytes = 0;                          // Of all that they read.
  std::function<SketchNeed(const Query&)> of{};  // Of a history alone. Empty: it is not known.
};

// In eight bits: the numbers, padded, and the unit of each row.
inline SketchNeed NeedOfFactors(const Matrix& factors) {
  constexpr auto kTogether = static_cast<Eigen::Index>(CoarseChunk::kNumbers);
  const Eigen::Index num_chunks = (factors.cols() + kTogether - 1) / kTogether;
  const auto num_rows = static_cast<double>(factors.rows());
  const double num_numbers = num_rows * static_cast<double>(num_chunks * kTogether);
  return {.bytes = num_numbers + 4 * num_rows, .products = num_numbers};
}

inline SketchNeeds NeedsOfFactors(const Matrix& factors) {
  SketchNeed need = NeedOfFactors(factors);
  const auto num_rows = static_cast<std::size_t>(factors.rows());
  const bool is_in_blocks = num_rows >= CoarseIndex::kFewestInBlocks;  // Which say whose a row is.
  if (is_in_blocks) need.bytes += 4 * static_cast<double>(num_rows);
  return {need.bytes, [need](const Query&) { return need; }};
}

// The neighbours of what was touched.
inline SketchNeeds NeedsOfNeighbours(const ItemNeighbours& scorer) {
  const ItemNeighboursTable& table = scorer.table();
  return {8 * static_cast<double>(table.neighbours.num_entries()),
          [&scorer, &table](const Query& query) {
            std::size_t num_entries = 0;
            for (const TouchedItem& each :
                 TouchedItems(query, table.touch_weights, scorer.num_items())) {
              num_entries += table.neighbours.Columns(Row(each.item)).size();
            }
            return SketchNeed{.bytes = 8 * static_cast<double>(num_entries)};
          }};
}

// The popularity of all items, and the members of the own categories of what was liked, each with
// its popularity.
inline SketchNeeds NeedsOfPopularity(const MostPopular& scorer) {
  const MostPopularTable& table = scorer.table();
  const double of_all = 4 * static_cast<double>(table.popularity.size());
  std::vector<std::size_t> num_members(table.category_names.size(), 0);
  for (const std::uint32_t category : table.categories.column) ++num_members[category];
  const double of_members = 4 * static_cast<double>(table.categories.num_entries());
  return {2 * of_all + of_members,
          [&table, of_all, num_members = std::move(num_members)](const Query& query) {
            std::set<std::uint32_t> categories;
            for (const TouchedItem& each : TouchedItems(query, {}, table.popularity.size())) {
              const auto columns = table.categories.Columns(Row(each.item));
              const auto marks = table.categories.Values(Row(each.item));
              for (std::size_t i = 0; i < columns.size(); ++i) {
                if (each.weight > 0 && marks[i] == 2) categories.insert(columns[i]);
              }
            }
            SketchNeed need{.bytes = of_all};
            for (const std::uint32_t category : categories) {
              need.bytes += 8 * static_cast<double>(num_members[category]);
            }
            return need;
          }};
}

// The items of each feature of the shopper's profile, all of which explain the score of something
// that was touched; and the factors of meaning.
inline SketchNeeds NeedsOfContent(const Content& scorer) {
  const ContentTable& table = scorer.table();
  const bool has_meaning = table.options.meaning_weight > 0;
  const SketchNeed of_meaning = has_meaning ? NeedOfFactors(table.meaning) : SketchNeed();
  std::unordered_map<std::string_view, std::size_t> num_items_of;
  for (const std::uint32_t feature : table.items.column) ++num_items_of[table.features[feature]];
  return {8 * static_cast<double>(table.items.num_entries()) + of_meaning.bytes,
          [&scorer, of_meaning, num_items_of = std::move(num_items_of)](const Query& query) {
            std::vector<ItemIndex> touched;
            for (const Interaction& each : query.history) touched.push_back(each.item);
            std::set<std::string_view> features;
            for (const auto& contributions : scorer.ExplainAll(query, touched)) {
              for (const Contribution& each : contributions) {
                if (!each.feature.empty()) features.insert(each.feature);
              }
            }
            SketchNeed need = of_meaning;
            for (const std::string_view feature : features) {
              need.bytes += 8 * static_cast<double>(num_items_of.at(feature));
            }
            return need;
          }};
}

// `scorer` must outlive what is returned.
inline SketchNeeds NeedsOf(const Scorer& scorer) {
  if (const auto* each = dynamic_cast<const Ials*>(&scorer)) {
    return NeedsOfFactors(each->item_factors());
  }
  if (const auto* each = dynamic_cast<const MeanFactors*>(&scorer)) {
    return NeedsOfFactors(each->item_factors());
  }
  if (const auto* each = dynamic_cast<const TwoTower*>(&scorer)) {
    return NeedsOfFactors(each->table().targets);
  }
  if (const auto* each = dynamic_cast<const ItemNeighbours*>(&scorer)) {
    return NeedsOfNeighbours(*each);
  }
  if (const auto* each = dynamic_cast<const MostPopular*>(&scorer)) return NeedsOfPopularity(*each);
  if (const auto* each = dynamic_cast<const Content*>(&scorer)) return NeedsOfContent(*each);
  return {};
}

}  // namespace vitrine
