#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "feature_store/model_store.h"

namespace vitrine::testing {
namespace {

constexpr std::uint64_t kNumShoppers = 5;
constexpr std::uint64_t kNumItems = 7;
constexpr std::uint64_t kNumEventIds = 40;

std::string Pick(Random& random, const char* prefix, std::uint64_t count) {
  return prefix + std::to_string(random.Below(count));
}

std::vector<std::string> Names(const char* prefix) {
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < kNumShoppers; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

Item RandomItem(Random& random, Micros now) {
  Item item{.id = Pick(random, "item", kNumItems), .title = Pick(random, "title", 3)};
  if (random.Below(3) == 0) item.primary_item_id = Pick(random, "product", 2);
  if (random.Below(2) == 0) item.stock = static_cast<std::int64_t>(random.Below(3));
  if (random.Below(4) == 0) item.publish_time_us = now + kMicrosPerDay;
  return item;
}

Event RandomEvent(Random& random, Micros now) {
  constexpr EventType kTypes[] = {EventType::kDetailPageView, EventType::kPurchaseComplete,
                                  EventType::kImpression, EventType::kRemoveFromCart,
                                  EventType::kRate};
  Event event{.type = kTypes[random.Below(5)]};
  const std::uint64_t who = random.Below(3);
  if (who != 0) event.user_id = Pick(random, "user", kNumShoppers);
  if (who != 1) event.visitor_id = Pick(random, "visitor", kNumShoppers);
  // Few distinct times, so that many events share one; some without; some late.
  if (random.Below(8) != 0) event.time_us = now - static_cast<Micros>(random.Below(20)) * 1'000'000;
  if (event.type == EventType::kRate) event.rating = static_cast<double>(random.Below(11)) / 2;
  const std::uint64_t num_items = event.type == EventType::kRate ? 1 : 1 + random.Below(3);
  for (std::uint64_t i = 0; i < num_items; ++i) {
    event.items.push_back({.item_id = Pick(random, "item", kNumItems),
                           .quantity = static_cast<std::uint32_t>(1 + random.Below(3))});
  }
  return event;
}

// One event id has one content nearly always.
Event RandomEventWithId(Random& random, Micros now) {
  const std::uint64_t number = random.Below(kNumEventIds);
  Random own(number);
  Event event = RandomEvent(own, now - now % (3'600 * kMicrosPerSecond));
  event.event_id = "event" + std::to_string(number);
  if (random.Below(50) == 0) event.order_id = "changed";
  return event;
}

RecordEvents RandomEvents(Random& random, Micros now) {
  RecordEvents mutation;
  const std::uint64_t count = 1 + random.Below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    mutation.events.push_back(random.Below(3) == 0 ? RandomEventWithId(random, now)
                                                   : RandomEvent(random, now));
  }
  return mutation;
}

const std::vector<FeatureSpec>& ModelFeatures() {
  static const auto& features = *new std::vector<FeatureSpec>{
      {.name = "tier",
       .entity = FeatureEntity::kUser,
       .type = FeatureType::kText,
       .missing = std::string("none")},
      {.name = "risk", .entity = FeatureEntity::kUser, .type = FeatureType::kNumber},
      {.name = "shelf", .entity = FeatureEntity::kItem, .type = FeatureType::kInteger}};
  return features;
}

PutFeatures RandomPuts(Random& random, Micros now) {
  PutFeatures mutation;
  for (const FeatureSpec& feature : ModelFeatures()) {
    if (random.Below(2) == 0) mutation.definitions.push_back(feature);
  }
  const std::uint64_t count = random.Below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const FeatureSpec& feature = ModelFeatures()[random.Below(3)];
    const bool is_user = feature.entity == FeatureEntity::kUser;
    const auto number = static_cast<std::int64_t>(random.Below(4));
    PutFeatures::Value value{
        .entity = feature.entity,
        .id = is_user ? Pick(random, "user", kNumShoppers) : Pick(random, "item", kNumItems),
        .name = feature.name,
        .type = feature.type};
    if (feature.type == FeatureType::kText) value.value = std::to_string(number);
    if (feature.type == FeatureType::kNumber) value.value = static_cast<double>(number) / 3;
    if (feature.type == FeatureType::kInteger) value.value = number;
    if (random.Below(5) == 0) value.value = std::monostate();
    if (random.Below(2) == 0)
      value.time_us = now - static_cast<Micros>(random.Below(9)) * 1'000'000;
    if (random.Below(2) == 0) value.ttl_us = static_cast<Micros>(1 + random.Below(9)) * 1'000'000;
    mutation.values.push_back(std::move(value));
  }
  return mutation;
}

}  // namespace

std::vector<std::string> ModelUsers() { return Names("user"); }
std::vector<std::string> ModelVisitors() { return Names("visitor"); }

Mutation RandomMutation(Random& random, Micros now) {
  switch (random.Below(20)) {
    case 0: {
      if (random.Below(2) == 0) return EraseUser{.user_id = Pick(random, "user", kNumShoppers)};
      return EraseUser{.visitor_id = Pick(random, "visitor", kNumShoppers)};
    }
    case 1:
    case 2:
      return MergeUsers{.visitor_id = Pick(random, "visitor", kNumShoppers),
                        .user_id = Pick(random, "user", kNumShoppers)};
    case 3:
      return UpsertUsers{{User{.id = Pick(random, "user", kNumShoppers),
                               .attributes = {{"age", static_cast<double>(random.Below(3))}}}}};
    case 4:
    case 5:
      return UpsertItems{{RandomItem(random, now), RandomItem(random, now)}};
    case 6:
      return DeleteItems{{Pick(random, "item", kNumItems), Pick(random, "item", kNumItems + 2)}};
    case 7:
      return ReplaceCatalogue{
          {RandomItem(random, now), RandomItem(random, now), RandomItem(random, now)}};
    case 8:
      return UpdateInventory{{{.id = Pick(random, "item", kNumItems), .stock = 5},
                              {.id = Pick(random, "item", kNumItems),
                               .price = Money{static_cast<std::int64_t>(random.Below(9)), "EUR"}}}};
    case 9:
    case 10:
      return RandomPuts(random, now);
    default:
      return RandomEvents(random, now);
  }
}

}  // namespace vitrine::testing
