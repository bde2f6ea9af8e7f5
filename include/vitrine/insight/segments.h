#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/insight/shopper.h"
#include "vitrine/math/choose_clusters.h"

namespace vitrine {

// What changed in a segment since `moved_since_us`: the shoppers of both moments, by the segments
// of today. size == stayed + came + is_new.
struct SegmentMovement {
  std::size_t stayed = 0;
  std::size_t came = 0;    // From another segment.
  std::size_t is_new = 0;  // Was not a shopper then.
  std::size_t left = 0;    // Is in another segment now.
};

// Shoppers who behave alike. What fewer than InsightOptions::min_group of them did is 0.
struct Segment {
  std::string name{};         // "lapsed big spenders"; unique in its segmentation.
  std::string description{};  // "last order 120 days ago, average order 85.00 EUR, ..."
  std::size_t size = 0;
  double share = 0;  // Of all shoppers.
  std::int64_t value_micros = 0;
  double value_share = 0;  // Of the value of all; 0 when there is none.
  std::size_t num_buyers = 0;
  std::uint64_t priced_orders = 0;  // Those whose value is known, in the report's currency.
  double days_since_seen = 0;       // Median.
  double days_since_order = 0;      // Median of the buyers; 0 without any.
  double mean_order_micros = 0;     // Of all its priced orders; 0 without any.
  double typical_order_micros = 0;  // Median over its buyers of their mean order.
  double orders = 0;                // These five per shopper of the segment.
  double views = 0;
  double carts = 0;
  double sessions = 0;
  double active_days = 0;
  SegmentMovement movement{};

  // Not where it ordered and no order says what it came to, or those of too few shoppers do.
  bool IsValueKnown() const { return num_buyers == 0 || priced_orders > 0; }
};

// What a profile has for the segment where there are none.
inline constexpr char kNoSegment[] = "(too few shoppers)";

struct Segmentation {
  // The most valuable first, then the largest. None in a shop of fewer than min_group shoppers.
  std::vector<Segment> segments{};
  std::vector<std::uint32_t> segment_of{};  // [shoppers], of ShopperTable::rows; or empty as well.
  std::vector<ClusterTrial> trials{};       // What each number of segments gave.
  double silhouette = 0;                    // Of the number that was chosen.
  std::vector<std::string> features{};      // What the shoppers were compared by.
  Micros moved_since_us = 0;
  std::vector<std::vector<std::size_t>> moves{};  // [then][now] Shoppers of both moments.
  std::size_t num_withheld = 0;  // Figures of segments, or all of them, since they were of too few.
};

}  // namespace vitrine
