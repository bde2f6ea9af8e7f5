#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "insight/calendar.h"
#include "insight/timelines.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/insight/shopper.h"

namespace vitrine {

// What the catalogue says of the items of the timelines.
struct ItemFacts {
  std::vector<std::string> titles{};      // [items] The id where there is none.
  std::vector<std::string> categories{};  // Paths, in the order in which items name them.
  // [items] Of each its categories, into `categories`; none where the catalogue has no such item.
  std::vector<std::vector<std::uint32_t>> categories_of{};
};

ItemFacts LookUpItems(const std::vector<std::string>& item_ids, const Catalogue& catalogue);

// How timelines are summed up.
struct SummaryRules {
  Calendar calendar;
  Micros session_gap_us = 0;
  double taste_half_life_days = 0;
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; once set, rows stay empty.
};

// One row per shopper, as of `as_of_us`. A shopper of later has a row whose last_seen_us is 0.
std::vector<ShopperSummary> MakeShopperSummaries(const Timelines& timelines, const ItemFacts& items,
                                                 const SummaryRules& rules, Micros as_of_us,
                                                 ThreadPool& pool);

}  // namespace vitrine
