#pragma once

#include <span>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// The queries of a day: nothing known, a long history with dislikes, one click, a page, a cart,
// categories, what no model has heard of, and a profile with and without a history.
class Queries {
 public:
  Queries() {
    for (std::uint32_t i = 0; i < 14; ++i) {
      const float weight = i % 5 == 4 ? -2.0F : 1.0F + static_cast<float>(i % 3);
      long_history_.push_back(
          {(400 - i) * kMicrosPerDay, ItemNumber(2 * (i % 9)), weight, 1, EventType::kRate});
    }
    views_ = {
        {},
        {.history = long_history_},
        {.history = std::span(long_history_).first(1)},
        {.history = std::span(long_history_).first(4), .context_items = page_},
        {.context_items = page_},
        {.history = std::span(long_history_).first(3), .cart_items = page_},
        {.history = std::span(long_history_).first(3), .categories = categories_},
        {.history = strangers_, .context_items = unknown_page_, .categories = unknown_categories_},
        {.history = std::span(long_history_).subspan(4, 1)},
        {.profile = &profile_},
        {.history = std::span(long_history_).first(4), .profile = &profile_},
    };
    for (Query& view : views_) view.now_us = 400 * kMicrosPerDay;
  }
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  std::span<const Query> all() const { return views_; }

 private:
  std::vector<Interaction> long_history_{};
  std::vector<ItemIndex> page_ = {ItemNumber(3), ItemNumber(12)};
  ProfileAttributes profile_ = DescribeShopper(4);
  std::vector<std::string> categories_ = {"Home > lamp", "Colours"};
  std::vector<Interaction> strangers_ = {{0, ItemNumber(5'000'000), 1},
                                         {0, ItemIndex{0xFFFFFFFF}, -1}};
  std::vector<ItemIndex> unknown_page_ = {ItemNumber(kShopItems), ItemIndex{0xFFFFFFFE}};
  std::vector<std::string> unknown_categories_ = {"Moon > Craters", ""};
  std::vector<Query> views_{};
};

}  // namespace vitrine::testing
