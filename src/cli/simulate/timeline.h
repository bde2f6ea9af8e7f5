#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <vector>

#include "cli/simulate/latent.h"
#include "cli/simulate/shop.h"
#include "cli/simulate/shopper.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/event.h"

namespace vitrine::simulate {

// The events of the shop one by one, oldest first, for ever. Visits come by day more than by night
// and overlap; those that are going on are all that is held in memory. Not thread-safe.
class Timeline {
 public:
  // About `num_events` events happen in `span`. `shop` outlives this object.
  Timeline(const Shop& shop, std::vector<Shopper> shoppers, std::uint64_t num_events, Micros span,
           Random random);

  Event Next();

 private:
  // One event that will happen; `order` keeps those of one moment in place.
  struct Pending {
    Event event{};
    std::uint64_t order = 0;
    bool operator<(const Pending& other) const;  // The earliest is the greatest.
  };

  void StartVisit();
  Micros NextVisit();
  Shopper& ChooseShopper(Micros start);

  const Shop& shop_;
  std::vector<Shopper> shoppers_;
  const WeightedChoice by_activity_;
  const double gap_us_;  // Mean between visits at the busiest hour.
  Random random_;
  Micros next_visit_;  // Its events are at whole seconds, it may be between two.
  std::uint64_t num_visits_ = 0;
  std::uint64_t num_events_ = 0;
  std::priority_queue<Pending> pending_;
};

}  // namespace vitrine::simulate
