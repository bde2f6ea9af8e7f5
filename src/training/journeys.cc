#include "training/journeys.h"

namespace vitrine {

Journeys JourneysOf(const Dataset& dataset) {
  Journeys journeys;
  journeys.visits.reserve(dataset.interactions.size());
  journeys.begin.reserve(dataset.num_users() + 1);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::size_t first = journeys.visits.size();
    for (const Interaction& each : dataset.History(user)) {
      if (!(each.weight > 0)) continue;
      Visit visit{.time_us = each.time_us, .item = static_cast<std::uint32_t>(each.item)};
      if (journeys.visits.size() > first) {
        const Visit& before = journeys.visits.back();
        if (before.item == visit.item) continue;
        const bool is_same_moment = visit.time_us != 0 && visit.time_us == before.time_us;
        visit.step = before.step + (is_same_moment ? 0 : 1);
      }
      journeys.visits.push_back(visit);
    }
    journeys.begin.push_back(journeys.visits.size());
  }
  return journeys;
}

}  // namespace vitrine
