#include "feature_store/behaviour/feature_oracle.h"

namespace vitrine::testing {

Event RandomBehaviour(Random& random, Micros now) {
  constexpr const char* kQueries[] = {"red mug", "blue cup", "green tea pot",
                                      "mug",     "tea",      "big red cup with a handle"};
  Event event{.type = static_cast<EventType>(1 + random.Below(13))};
  const std::uint64_t who = random.Below(4);
  if (who != 0) event.user_id = "user" + std::to_string(random.Below(3));
  if (who <= 1) event.visitor_id = "visitor" + std::to_string(random.Below(4));
  // Half of them just now, others late; whole minutes, so that some share a moment.
  const std::uint64_t late_minutes =
      random.Below(2) == 0 ? random.Below(90) : random.Below(100 * 24 * 60);
  event.time_us = now - static_cast<Micros>(late_minutes) * 60 * kMicrosPerSecond;
  if (random.Below(10) == 0) event.time_us = 0;
  if (event.type == EventType::kRate) event.rating = static_cast<double>(random.Below(51)) / 10;
  if (event.type == EventType::kSearch) event.search_query = kQueries[random.Below(6)];
  const std::uint64_t num_items = random.Below(4);
  for (std::uint64_t i = 0; i < num_items; ++i) {
    EventItem& item = event.items.emplace_back();
    item.item_id = "item" + std::to_string(random.Below(8));
    item.quantity = static_cast<std::uint32_t>(1 + random.Below(5));
    if (random.Below(2) == 0) {
      item.unit_price = Money{static_cast<std::int64_t>(random.Below(50'000'000)), "EUR"};
    }
  }
  if (random.Below(3) == 0) event.order_id = "order" + std::to_string(random.Below(20));
  if (random.Below(3) == 0) {
    event.revenue = Money{static_cast<std::int64_t>(random.Below(200'000'000)), "EUR"};
  }
  return event;
}

UpsertItems RandomCatalogue(Random& random, Micros now) {
  UpsertItems mutation;
  for (int i = 0; i < 3; ++i) {
    Item item{.id = "item" + std::to_string(random.Below(8)), .title = "a thing"};
    if (random.Below(5) != 0) item.categories = {"kind" + std::to_string(random.Below(3)), "all"};
    if (random.Below(3) != 0) item.brand = "brand" + std::to_string(random.Below(3));
    if (random.Below(4) != 0) {
      item.price = Money{static_cast<std::int64_t>(random.Below(90'000'000)), "EUR"};
    }
    if (random.Below(2) == 0) item.stock = static_cast<std::int64_t>(random.Below(30));
    if (random.Below(3) == 0) item.publish_time_us = now - 5 * kMicrosPerDay;
    mutation.items.push_back(item);
  }
  return mutation;
}

}  // namespace vitrine::testing
