#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// What came of the lists that were shown, by the attribution tokens of events: docs/attribution.md
// has the rules and the formulas.

inline constexpr double kMaxAttributionDays = 90;

// What the rows of too few shoppers are called together. With no figures: even together they are
// too few.
inline constexpr char kSmallGroups[] = "(small groups)";

// One item of an event that came of a list, as it was counted.
struct ListOutcome {
  enum class Kind { kShown, kClicked, kBought };
  Kind kind{};
  ItemIndex item{};
  std::size_t position = 0;   // On its list, from 1; 0: bought without the list's token.
  std::uint64_t shopper = 0;  // A hash.
  Micros time_us = 0;
  std::string_view placement{};
};

struct PlacementReportOptions {
  Micros since_us = 0;  // Only events of this time on,
  Micros until_us = 0;  // and before that. 0: all.
  // A cart or a purchase without a token counts for the list on which the shopper last clicked the
  // item, at most so long before. 0: only what carries a token counts.
  double attribution_days = 7;
  // Rows of fewer distinct shoppers become one, kSmallGroups; a figure of fewer is 0.
  std::size_t min_group = 1;
  std::function<bool()> is_cancelled{};                  // Asked now and then; empty: never.
  std::function<void(const ListOutcome&)> on_outcome{};  // Hears of all; may be empty.
};

// Of one placement and model version. Of one event an item counts once.
struct PlacementFigures {
  std::string placement{};
  std::string model_version{};  // Empty: no model made the lists.
  std::uint64_t num_impressions = 0;
  std::uint64_t num_explored_impressions = 0;  // Of lists that were drawn by chance.
  std::uint64_t num_shown_items = 0;
  std::uint64_t num_clicks = 0;
  std::uint64_t num_carts = 0;
  std::uint64_t num_purchases = 0;
  std::uint64_t click_position_sum = 0;           // Of the items clicked; from 1.
  std::map<std::string, std::int64_t> revenue{};  // Millionths, by currency.

  // 0 where they would divide by 0.
  double ClickThroughRate() const;  // Clicks per shown item.
  double ConversionRate() const;    // Purchases per click.
  double MeanClickPosition() const;
};

struct PlacementReport {
  std::vector<PlacementFigures> figures{};  // The most items shown first, then by name.
  std::uint64_t num_foreign_tokens = 0;     // Events whose token this store did not give.
  std::uint64_t num_events = 0;             // Looked at.
};

// Reads the log once, seconds per million events. Memory: 50 bytes for each click of the last
// attribution_days and a week; an event that came to the log later than a week after events that
// are attribution_days younger may miss its click.
//
// Errors: INVALID_ARGUMENT a time or a number of days out of range; CANCELLED as asked for; those
// of FeatureStore::ReadEvents.
absl::StatusOr<PlacementReport> MakePlacementReport(const FeatureStore& store,
                                                    const PlacementReportOptions& options);

// A table of at most `width` columns, at least 60, each line ended; where it would be empty, how to
// get one.
std::string PlacementReportText(const PlacementReport& report, std::size_t width);

}  // namespace vitrine
