#pragma once

#include <string>
#include <vector>

#include "vitrine/insight/segments.h"
#include "vitrine/insight/shopper.h"

namespace vitrine {

// What "lapsed", "frequent" and "big" mean in this shop: the values at a third and two thirds of
// its buyers (of its shoppers, for the visits).
struct ShopTerciles {
  struct Terciles {
    double low = 0;
    double high = 0;
  };
  Terciles days_since_order{};
  Terciles orders{};
  Terciles mean_order_micros{};
  Terciles days_since_seen{};
};

ShopTerciles MakeTerciles(const ShopperTable& shoppers);

// Numbers of the segment with `members`, rows of the table, without name, shares and movement.
Segment MeasureSegment(const ShopperTable& shoppers, const std::vector<std::uint32_t>& members);

// Sets names and descriptions from the segments' numbers: names are unique.
void NameSegments(const ShopTerciles& terciles, const std::string& currency,
                  std::vector<Segment>& segments);

}  // namespace vitrine
