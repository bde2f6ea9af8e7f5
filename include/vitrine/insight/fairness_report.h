#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// Who gets the places of lists, and who earns them: the exposure of groups of items against their
// merit, from the lists that attribution tokens record. docs/fairness.md has the formulas.

enum class Merit { kClicks, kPurchases };

struct FairnessOptions {
  Micros since_us = 0;          // Only events of this time on,
  Micros until_us = 0;          // and before that. 0: all.
  double attribution_days = 7;  // As PlacementReportOptions.
  std::string placement{};      // Of its lists alone; empty: of all.
  Merit merit = Merit::kClicks;
  std::size_t max_brands = 20;  // The most exposed; the others are one group.
  // Groups that fewer shoppers have seen become one; what fewer clicked or bought is 0.
  std::size_t min_group = 1;
  std::function<bool()> is_cancelled{};  // Asked now and then; empty: never.
};

// Items that are alike in one way.
struct FairnessGroup {
  std::string name{};           // "Acme", "9.99 to 19.99", "30 to 90 days"
  std::string filter{};         // Holds for them (item_filter.h); empty: none does for good.
  std::uint64_t num_items = 0;  // Of the catalogue as it is now.
  // Sum over the places where an item was shown of 1 / log2(1 + position).
  double exposure = 0;
  std::uint64_t num_shown = 0;
  std::uint64_t num_clicks = 0;
  std::uint64_t num_purchases = 0;
  double exposure_share = 0;  // Of the exposure of all groups, 0 to 1.
  double merit_share = 0;     // Of all clicks, or purchases.
  // exposure_share / merit_share: 1 is what it earns, below 1 less. 0: it earned nothing.
  double ratio = 0;
};

// One way of telling items apart.
struct FairnessTable {
  std::string by{};                     // "brand", "price", "age"
  std::vector<FairnessGroup> groups{};  // Brands: the most exposed first. Prices and ages ascend.
  // Half the sum of |exposure_share - merit_share|: the part of all exposure that would have to go
  // to other groups. 0: everybody has what they earn; 1: nobody.
  double distance = 0;
};

struct FairnessReport {
  std::vector<FairnessTable> tables{};
  Merit merit{};
  std::string currency{};        // Of the bands of prices; empty: no item has a price.
  std::uint64_t num_shown = 0;   // 0 too where fewer than min_group saw the placement asked for.
  std::uint64_t num_events = 0;  // Looked at.
};

// Reads the log once, as MakePlacementReport does; the same errors.
absl::StatusOr<FairnessReport> MakeFairnessReport(const FeatureStore& store,
                                                  const FairnessOptions& options);

// A group whose ratio is below has too little: four fifths, as in the rule of that name.
inline constexpr double kLeastFairRatio = 0.8;

// Tables of at most `width` columns, each line ended, with what a placement would say to give a
// group kLeastFairRatio of what it earns, where it has less.
std::string FairnessText(const FairnessReport& report, std::size_t width);

}  // namespace vitrine
