#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vitrine/base/random.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/feature_store/user.h"

namespace vitrine::testing {

inline constexpr std::size_t kShopItems = 60;
inline constexpr std::size_t kShopUsers = 50;

inline ItemIndex ItemNumber(std::size_t number) {
  return ItemIndex{static_cast<std::uint32_t>(number)};
}

inline Item DescribeShopItem(std::size_t number) {
  const std::vector<std::string> things = {"mug", "lamp", "towel", "clock", "杯子"};
  const std::vector<std::string> colours = {"red", "blue", "green"};
  const std::string thing = things[number % things.size()];
  const std::string colour = colours[number % colours.size()];
  Item item{.id = "item" + std::to_string(number)};
  item.title = colour + " " + thing + " no " + std::to_string(number);
  item.description = "A " + thing + " that is " + colour;
  item.categories = {"Home > " + thing, "Colours > " + colour};
  item.brand = number % 2 == 0 ? "Acme" : "Zenith";
  item.tags = {number % 7 == 0 ? "sale" : "new"};
  item.attributes = {{"size", static_cast<double>(number % 3)}, {"colour", colour}};
  return item;
}

inline ProfileAttributes DescribeShopper(std::size_t number) {
  return {{"country", number % 2 == 0 ? "DE" : "FR"}, {"age", static_cast<double>(number % 40)}};
}

// A small shop with everything that a scorer may meet: repeats, dislikes, ratings, an item that is
// not described (57), items that one shopper touched (55, 56), items that nobody touched (58, 59).
inline Dataset SampleShop() {
  Random random(2026);
  Dataset shop;
  shop.now_us = 400 * kMicrosPerDay;
  for (std::size_t number = 0; number < kShopItems; ++number) {
    shop.item_ids.push_back("item" + std::to_string(number));
    shop.items.push_back(number == 57 ? nullptr
                                      : std::make_shared<const Item>(DescribeShopItem(number)));
  }
  for (std::size_t user = 0; user < kShopUsers; ++user) {
    shop.user_ids.push_back("user" + std::to_string(user));
    const std::size_t count = 3 + random.Below(10);
    for (std::size_t i = 0; i < count; ++i) {
      // Shoppers with even numbers like things with even numbers, small ones most.
      const auto rank = static_cast<std::size_t>(27 * random.Uniform() * random.Uniform());
      const bool is_dislike = random.Below(8) == 0;
      const bool is_rating = i % 3 == 0 && !is_dislike;
      const EventType liking = is_rating ? EventType::kRate : EventType::kDetailPageView;
      shop.interactions.push_back(
          {.time_us = static_cast<Micros>(200 + user + i) * kMicrosPerDay,
           .item = ItemNumber(2 * rank + user % 2),
           .weight = is_dislike ? -5.0F : static_cast<float>(1 + 2 * random.Below(3)),
           .value = is_rating ? static_cast<float>(1 + (rank + user) % 5) : 1.0F,
           .type = is_dislike ? EventType::kNotInterested : liking});
    }
    if (user == 0) shop.interactions.push_back({300 * kMicrosPerDay, ItemNumber(55), 1});
    if (user == 1) shop.interactions.push_back({300 * kMicrosPerDay, ItemNumber(56), 1});
    if (user == 2) shop.interactions.push_back({300 * kMicrosPerDay, ItemNumber(57), 5});
    shop.user_begin.push_back(shop.interactions.size());
    if (user % 3 == 0) continue;  // Of whom the shop says nothing.
    shop.profiles.push_back({static_cast<std::uint32_t>(user),
                             std::make_shared<const ProfileAttributes>(DescribeShopper(user))});
  }
  SetFingerprint(shop);
  return shop;
}

}  // namespace vitrine::testing
