#pragma once

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "insight/made_events.h"
#include "insight/placement_tally.h"
#include "testing/fake_feature_store.h"

namespace vitrine::testing {

inline Event WithToken(Event event, const std::string& token) {
  event.attribution_token = token;
  return event;
}

inline Event Shown(const std::string& user, Micros after, const std::vector<std::string>& items) {
  Event event = Did(EventType::kImpression, user, after, "");
  for (const std::string& item : items) event.items.push_back({.item_id = item});
  return event;
}

// A store of ten items, "i0" to "i9" with indices 0 to 9.
class PlacementShop : public ::testing::Test {
 protected:
  PlacementShop() {
    for (int i = 0; i < 10; ++i) store_.Put({.id = absl::StrFormat("i%d", i)});
  }

  std::string Token(const std::string& placement, const std::vector<std::string>& items,
                    const std::string& version = "v1", std::size_t first_position = 1) const {
    Attribution list{
        .placement = placement, .model_version = version, .first_position = first_position};
    for (const std::string& item : items) list.items.push_back(*store_.catalogue().Find(item));
    return SealAttribution(store_, list);
  }

  PlacementReport Tally(const std::vector<Event>& events, double attribution_days = 7) const {
    PlacementTally tally(store_, {.attribution_days = attribution_days});
    for (const Event& event : events) tally.Add(event);
    return tally.Finish();
  }

  // The only row there is.
  static PlacementFigures Only(const PlacementReport& report) {
    EXPECT_EQ(report.figures.size(), 1U);
    return report.figures.empty() ? PlacementFigures() : report.figures.front();
  }

  FakeFeatureStore store_;
};

}  // namespace vitrine::testing
