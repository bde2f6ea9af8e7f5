#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "insight/small_groups.h"
#include "vitrine/feature_store/attribution.h"
#include "vitrine/insight/placement_report.h"

namespace vitrine {

// Joins the events of a log, given in its order, to the lists that they came of.
class PlacementTally {
 public:
  // `store`: whose tokens, items and merged visitors these are. It must outlive this.
  PlacementTally(const FeatureStore& store, const PlacementReportOptions& options);

  void Add(const Event& event);

  // The report; the tally is spent.
  PlacementReport Finish();

  std::size_t num_open_clicks() const { return clicks_.size(); }

 private:
  // Figures are counted by their place in made_.figures.
  using Row = std::uint32_t;

  // A shopper, by a hash of 64 bits, and an item, and when the one clicked the other.
  struct ClickKey {
    std::uint64_t shopper = 0;
    ItemIndex item{};
    Micros time_us = 0;
    auto operator<=>(const ClickKey&) const = default;
  };
  // The counts of a row, and their places.
  static constexpr std::array<std::uint64_t PlacementFigures::*, 6> kCounts = {
      &PlacementFigures::num_impressions, &PlacementFigures::num_explored_impressions,
      &PlacementFigures::num_shown_items, &PlacementFigures::num_clicks,
      &PlacementFigures::num_carts,       &PlacementFigures::num_purchases};
  enum Count : std::size_t { kImpressions, kExplored, kShownItems, kClicks, kCarts, kPurchases };
  // Who is behind them, and behind what was paid in each currency.
  struct RowShoppers {
    std::array<Behind, kCounts.size()> counts{};
    std::map<std::string, Behind> revenue{};
  };
  // The list that an event names.
  struct OfList {
    Attribution attribution{};
    Row row = 0;
  };

  std::optional<OfList> ListOf(const Event& event);
  void AddImpression(const Event& event, const OfList& list);
  void AddClick(const Event& event, const OfList& list);
  void AddOutcome(const Event& event, const std::optional<OfList>& list);
  // The row of the list that put the item before the shopper; nothing: none did.
  std::optional<Row> CauseOf(const std::optional<OfList>& list, std::uint64_t shopper,
                             ItemIndex item, Micros time_us) const;
  void ForgetOldClicks();

  void CountOne(Row row, Count count, std::uint64_t shopper);
  void MergeSmallGroups();
  void WithholdFew();
  void Tell(ListOutcome::Kind kind, const Event& event, ItemIndex item,
            const std::pair<Row, std::size_t>& place) const;

  const FeatureStore& store_;
  const Micros window_us_;
  const std::size_t min_group_;
  const std::function<void(const ListOutcome&)> on_outcome_;
  PlacementReport made_;
  std::map<std::pair<std::string, std::string>, Row> rows_;  // By placement and version.
  std::vector<RowShoppers> shoppers_;                        // By row.
  absl::btree_map<ClickKey, Row> clicks_;
  std::size_t num_kept_ = 0;  // Clicks, when old ones were last forgotten.
  Micros latest_us_ = 0;      // Of all events so far.
};

}  // namespace vitrine
